"""When one of the two ended the call of an interview, and who."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accompaniment', '0017_accounts_follow_files'),
        ('caseload', '0010_imports_ask_first'),
        ('visio', '0003_absences_are_heard'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='interview',
            name='call_ended_at',
            field=models.DateTimeField(help_text='when one of the two ended the call', null=True, verbose_name='appel terminé'),
        ),
        migrations.AddField(
            model_name='interview',
            name='call_ended_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='interview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('call_ended_at', None), ('call_ended_by', None)), models.Q(('admitted_at__isnull', False), ('call_ended_at__gte', models.F('admitted_at')), ('call_ended_at__isnull', False), ('call_ended_by__isnull', False)), _connector='OR'), name='interview_call_ended_by_someone'),
        ),
    ]
