"""The journal kept a sentence of the staff beside each exchange of messages, and went on showing old wordings of it."""

from django.db import migrations, models

FORGET = """
UPDATE accompaniment_contact SET summary = '' WHERE nature = 'message' AND summary <> '';
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0021_region_changed")]

    operations = [
        migrations.AlterField(
            model_name="contact",
            name="summary",
            field=models.TextField(
                blank=True,
                help_text="what was typed or decided; nothing where the nature says it all",
                verbose_name="résumé",
            ),
        ),
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("nature", "message"), _negated=True), ("summary", ""), _connector="OR"),
                name="contact_by_message_has_no_sentence",
            ),
        ),
    ]
