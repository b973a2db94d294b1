"""The portfolio's count follows its placements, whatever writes them and however many at once."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION placement_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE caseload_portfolio p SET occupied = p.occupied + d.change
        FROM (SELECT portfolio_id, count(*) AS change FROM new_rows WHERE ended_at IS NULL GROUP BY 1) d
        WHERE p.id = d.portfolio_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE caseload_portfolio p SET occupied = p.occupied - d.change
        FROM (SELECT portfolio_id, count(*) AS change FROM old_rows WHERE ended_at IS NULL GROUP BY 1) d
        WHERE p.id = d.portfolio_id;
    ELSE
        UPDATE caseload_portfolio p SET occupied = p.occupied + d.change
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
CREATE TRIGGER placement_counts_insert AFTER INSERT ON caseload_placement
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION placement_counts();
CREATE TRIGGER placement_counts_update AFTER UPDATE ON caseload_placement
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION placement_counts();
CREATE TRIGGER placement_counts_delete AFTER DELETE ON caseload_placement
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION placement_counts();
"""

DROP = """
DROP TRIGGER placement_counts_delete ON caseload_placement;
DROP TRIGGER placement_counts_update ON caseload_placement;
DROP TRIGGER placement_counts_insert ON caseload_placement;
DROP FUNCTION placement_counts();
"""


class Migration(migrations.Migration):
    dependencies = [("caseload", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS, DROP)]
