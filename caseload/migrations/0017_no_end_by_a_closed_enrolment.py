"""No placement ends because an enrolment was closed: it ends with the track."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('caseload', '0016_cover_belongs_to_an_absence'),
    ]

    operations = [
        migrations.AlterField(
            model_name='placement',
            name='end_reason',
            field=models.CharField(blank=True, choices=[('track_ended', 'Fin du parcours'), ('transferred', 'Transfert'), ('left', 'Sortie'), ('tier_changed', 'Changement de modalité'), ('region_changed', 'Changement de région')], max_length=20, verbose_name='motif'),
        ),
    ]
