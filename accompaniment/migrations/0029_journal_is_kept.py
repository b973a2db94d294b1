"""The journal of contacts is only appended, and neither it nor the periods of accompaniment are emptied."""

from django.db import migrations

from accompaniment.migrations._guards import append_only, never_truncated


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0028_rows_of_the_earlier_release")]

    operations = [append_only("accompaniment_contact"), never_truncated("accompaniment_accompaniment")]
