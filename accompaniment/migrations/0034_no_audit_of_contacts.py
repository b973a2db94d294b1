"""No audit row is of a contact: the journal tells of those."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accompaniment', '0033_setting_changes_from_the_audit'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('created', 'Fiche créée'), ('updated', 'Fiche modifiée'), ('read', 'Fiche consultée'), ('enrolment', 'Adhésion'), ('consent', 'Acceptation'), ('accompaniment', 'Accompagnement'), ('placement', 'Affectation'), ('contact_plan', 'Plan de contact'), ('obligation', 'Échéance'), ('interview', 'Entretien'), ('callback', 'Demande de rappel'), ('message', 'Message'), ('on_site_request', "Demande d'entretien en agence"), ('account', 'Compte'), ('capacity', 'Plafond'), ('region', "Ouverture d'une région"), ('agency_phone', "Téléphone d'une agence"), ('equipment', 'Test du matériel'), ('note', 'Note'), ('action_plan', "Plan d'action"), ('document', 'Document'), ('transfer', 'Transfert'), ('absence', 'Absence et relais'), ('staff', 'Équipe'), ('lapse_delay', 'Délai de caducité'), ('import', 'Import'), ('bound', 'Limite'), ('export', 'Export')], max_length=20),
        ),
    ]
