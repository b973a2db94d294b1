"""For how many days a person may explain an absence that was noted, and the two letters about it."""

from datetime import date

from django.db import migrations, models

RULES_START_ON = date(2013, 1, 1)
DEFAULT_DAYS = 15
"""The operator's choice: longer than the ten days that article R. 5412-7 of the Code du travail gives."""


def add_delay(apps, schema_editor):
    delays = apps.get_model("accompaniment", "LapseDelay")
    if not delays.objects.filter(state="absence").exists():
        delays.objects.create(state="absence", days=DEFAULT_DAYS, starts_on=RULES_START_ON)


def remove_delays(apps, schema_editor):
    apps.get_model("accompaniment", "LapseDelay").objects.filter(state="absence").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accompaniment", "0014_open_doors"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='lapsedelay',
            name='lapse_delay_sane',
        ),
        migrations.AlterField(
            model_name='lapsedelay',
            name='state',
            field=models.CharField(choices=[('asked', 'Demande qui attend la décision du conseiller'), ('validated', "Validation qui attend l'acceptation de la personne"), ('absence', "Absence notée qui attend l'explication de la personne")], max_length=10, verbose_name='attente'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('invitation', 'Invitation à activer le compte'), ('account_activation', "Activation d'un compte d'agent"), ('password_reset', 'Nouveau mot de passe'), ('no_account_yet', 'Chemin de la première connexion'), ('enrolment_refused', 'Refus motivé'), ('track_started', 'Début du 100 % web'), ('track_ended', 'Fin du 100 % web'), ('choose_slot', 'Invitation à choisir un créneau'), ('interview_booked', 'Convocation à un entretien'), ('interview_cancelled', "Annulation d'un entretien"), ('absence_noted', 'Absence notée : explication demandée'), ('absence_decided', 'Décision sur une absence'), ('enrolment_lapsed', 'Demande devenue caduque'), ('volunteer_lapsed', "Demande caduque, pour l'agence"), ('acceptance_asked', 'Nouvelle version à accepter'), ('tier_changed', 'Changement de modalité'), ('plan_changed', 'Nouveau plan de contact'), ('plan_request_answered', 'Réponse sur le plan de contact'), ('on_site_answered', "Réponse à une demande d'entretien en agence"), ('adviser_changed', 'Nouveau conseiller'), ('people_received', 'Personnes reçues par transfert'), ('people_left', "Personnes parties d'un portefeuille"), ('cover_set', 'Relais confié'), ('device_test', 'Invitation à tester son matériel')], max_length=24),
        ),
        migrations.AddConstraint(
            model_name='lapsedelay',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('days__gte', 1), ('state__in', ('asked', 'validated'))), models.Q(('days__gte', 10), ('state', 'absence')), _connector='OR'), name='lapse_delay_sane'),
        ),
        migrations.RunPython(add_delay, remove_delays),
    ]
