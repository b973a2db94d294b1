"""One contact holds one obligation. Where one holds several, the first stands and the others are waived, with a word."""

from django.db import migrations, models

WAIVE = """
UPDATE accompaniment_obligation later
SET state = 'waived', held_at = NULL, contact_id = NULL, waived_at = now(),
    waived_reason = 'Le contact qui la tenait tient déjà une autre échéance'
FROM accompaniment_obligation earlier
WHERE earlier.contact_id = later.contact_id AND (earlier.due_on, earlier.id) < (later.due_on, later.id);
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accompaniment', '0023_one_address_one_person'),
    ]

    operations = [
        migrations.RunSQL(WAIVE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='obligation',
            constraint=models.UniqueConstraint(fields=('contact',), name='obligation_one_per_contact', violation_error_message='Ce contact tient déjà une autre échéance.'),
        ),
    ]
