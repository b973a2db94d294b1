"""A place that is freed above a lowered cap is not taken again: the cap comes down with it, in that transaction."""

from django.db import migrations, models
from django.db.models import F, Q

COUNTS = """
CREATE OR REPLACE FUNCTION placement_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE caseload_portfolio p SET occupied = p.occupied + d.change
        FROM (SELECT portfolio_id, count(*) AS change FROM new_rows WHERE ended_at IS NULL GROUP BY 1) d
        WHERE p.id = d.portfolio_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE caseload_portfolio p SET occupied = p.occupied - d.change{freed_by_delete}
        FROM (SELECT portfolio_id, count(*) AS change FROM old_rows WHERE ended_at IS NULL GROUP BY 1) d
        WHERE p.id = d.portfolio_id;
    ELSE
        UPDATE caseload_portfolio p SET occupied = p.occupied + d.change{freed_by_update}
        FROM (
            SELECT portfolio_id, sum(one) AS change FROM (
                SELECT portfolio_id, 1 AS one FROM new_rows WHERE ended_at IS NULL
                UNION ALL
                SELECT portfolio_id, -1 FROM old_rows WHERE ended_at IS NULL
            ) both_sides GROUP BY 1 HAVING sum(one) <> 0
        ) d
        WHERE p.id = d.portfolio_id;
    END IF;
    RETURN NULL;
END $$;
"""

FREED = """,
            capacity = CASE WHEN p.lowered_to IS NULL OR {change} > 0 THEN p.capacity
                       ELSE greatest(p.lowered_to, p.occupied + {change}) END,
            lowered_to = CASE WHEN p.lowered_to < p.occupied + {change} THEN p.lowered_to END"""

COMES_DOWN = COUNTS.format(
    freed_by_delete=FREED.format(change="-d.change"), freed_by_update=FREED.format(change="d.change")
)
STAYS = COUNTS.format(freed_by_delete="", freed_by_update="")


class Migration(migrations.Migration):
    dependencies = [("caseload", "0007_capacity_share")]

    operations = [
        migrations.AddField(
            "portfolio",
            "lowered_to",
            models.PositiveSmallIntegerField(
                null=True,
                verbose_name="plafond dépassé",
                help_text="the cap in force while more people are there; empty otherwise",
            ),
        ),
        migrations.AddConstraint(
            "portfolio",
            models.CheckConstraint(
                condition=Q(lowered_to=None) | Q(lowered_to__lt=F("occupied"), capacity=F("occupied")),
                name="portfolio_above_its_cap_is_full",
            ),
        ),
        migrations.RunSQL(COMES_DOWN, STAYS),
    ]
