from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("caseload", "0008_lowered_to")]

    operations = [
        migrations.AlterField(
            "capacity", "value", models.PositiveSmallIntegerField(null=True, verbose_name="plafond")
        ),
        migrations.AddConstraint(
            "capacity",
            models.CheckConstraint(
                condition=Q(value__isnull=False) | Q(agency__isnull=False, by_working_share=False),
                name="capacity_country_has_value",
            ),
        ),
    ]
