"""How much one account holds at once and does within a time, to begin with."""

from datetime import date

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


RULES_START_ON = date(2013, 1, 1)
DAY = 24 * 60  # minutes
DEFAULT_BOUNDS = {
    "interviews_held": (3, None),
    "interview_changes": (10, DAY),
    "callbacks": (5, DAY),
    "on_site_changes": (10, DAY),
    "plan_wishes": (5, DAY),
    "enrolments": (3, DAY),
    "documents": (30, DAY),
    "document_megabytes": (100, DAY),
    "steps_ticked": (100, DAY),
    "messages": (30, 1),
    "device_tests": (20, DAY),
    "phone_corrections": (5, DAY),
    "invitations": (5, DAY),
}


def add_bounds(apps, schema_editor):
    bounds = apps.get_model("accompaniment", "ActBound")
    for act, (most, within_minutes) in DEFAULT_BOUNDS.items():
        bounds.objects.create(act=act, most=most, within_minutes=within_minutes, starts_on=RULES_START_ON)


class Migration(migrations.Migration):

    dependencies = [
        ('accompaniment', '0012_job_runs'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('created', 'Fiche créée'), ('updated', 'Fiche modifiée'), ('read', 'Fiche consultée'), ('enrolment', 'Adhésion'), ('consent', 'Acceptation'), ('accompaniment', 'Accompagnement'), ('placement', 'Affectation'), ('contact_plan', 'Plan de contact'), ('obligation', 'Échéance'), ('contact', 'Contact'), ('interview', 'Entretien'), ('callback', 'Demande de rappel'), ('message', 'Message'), ('on_site_request', "Demande d'entretien en agence"), ('account', 'Compte'), ('capacity', 'Plafond'), ('region', "Ouverture d'une région"), ('equipment', 'Test du matériel'), ('note', 'Note'), ('action_plan', "Plan d'action"), ('document', 'Document'), ('transfer', 'Transfert'), ('absence', 'Absence et relais'), ('staff', 'Équipe'), ('lapse_delay', 'Délai de caducité'), ('import', 'Import'), ('bound', 'Limite'), ('export', 'Export')], max_length=20),
        ),
        migrations.CreateModel(
            name='ActBound',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('act', models.CharField(choices=[('interviews_held', 'Rendez-vous pris de sa propre initiative et à venir'), ('interview_changes', 'Rendez-vous pris, déplacés ou annulés'), ('callbacks', 'Demandes de rappel'), ('on_site_changes', "Demandes d'entretien en agence retirées ou précisées"), ('plan_wishes', "Demandes d'un autre rythme"), ('enrolments', 'Demandes de 100 % web'), ('documents', 'Documents ajoutés'), ('document_megabytes', 'Mégaoctets de documents ajoutés'), ('steps_ticked', 'Étapes cochées ou rouvertes'), ('messages', 'Messages envoyés'), ('device_tests', 'Tests du matériel'), ('phone_corrections', 'Corrections du numéro de téléphone'), ('invitations', 'Invitations à activer un compte')], max_length=24, verbose_name='acte')),
                ('starts_on', models.DateField(verbose_name='à partir du')),
                ('most', models.PositiveIntegerField(verbose_name='au plus')),
                ('within_minutes', models.PositiveIntegerField(help_text='null: held at once', null=True, verbose_name='en combien de minutes')),
                ('set_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'limite',
                'ordering': ('act', 'starts_on'),
                'constraints': [models.UniqueConstraint(fields=('act', 'starts_on'), name='act_bound_once'), models.CheckConstraint(condition=models.Q(models.Q(('act', 'interviews_held'), ('within_minutes', None)), models.Q(models.Q(('act', 'interviews_held'), _negated=True), ('within_minutes__gte', 1), ('within_minutes__isnull', False)), _connector='OR'), name='act_bound_of_its_kind'), models.CheckConstraint(condition=models.Q(('most__gte', 1)), name='act_bound_leaves_room')],
            },
        ),
        migrations.RunPython(add_bounds, migrations.RunPython.noop),
    ]
