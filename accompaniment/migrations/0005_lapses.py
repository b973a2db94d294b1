"""The delays after which enrolments lapse, to begin with, and one open request for a meeting on site at a time."""

from datetime import date

from django.db import migrations, models
from django.db.models import Q

RULES_START_ON = date(2013, 1, 1)
DEFAULT_DELAYS = {"asked": 30, "validated": 30}  # days


def add_delays(apps, schema_editor):
    delays = apps.get_model("accompaniment", "LapseDelay")
    for state, days in DEFAULT_DELAYS.items():
        if not delays.objects.filter(state=state).exists():
            delays.objects.create(state=state, days=days, starts_on=RULES_START_ON)


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0004_plan_channels")]

    operations = [
        migrations.RunPython(add_delays, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="onsiterequest",
            constraint=models.UniqueConstraint(
                condition=Q(answered_at=None),
                fields=("jobseeker",),
                name="on_site_request_one_open",
                violation_error_message="Une demande est déjà en cours.",
            ),
        ),
    ]
