"""An invitation to choose a slot is written once, and stays."""

from django.db import migrations

from accompaniment.migrations._guards import append_only


class Migration(migrations.Migration):
    dependencies = [("visio", "0004_call_ended"), ("accompaniment", "0029_journal_is_kept")]

    operations = [append_only("visio_slotinvitation")]
