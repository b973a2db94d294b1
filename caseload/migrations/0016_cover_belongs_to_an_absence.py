"""Every cover belongs to an absence: one that was written without gets the absence of its days."""

import django.db.models.deletion
from django.db import migrations, models

GIVE_ABSENCES = """
DO $$
DECLARE
    alone record;
    found bigint;
BEGIN
    FOR alone IN
        SELECT cover.*, portfolio.adviser_id, adviser.user_id FROM caseload_cover cover
        JOIN caseload_portfolio portfolio ON portfolio.id = cover.portfolio_id
        JOIN caseload_adviser adviser ON adviser.id = portfolio.adviser_id
        WHERE cover.absence_id IS NULL ORDER BY cover.id
    LOOP
        SELECT absence.id INTO found FROM caseload_absence absence
        WHERE absence.adviser_id = alone.adviser_id AND absence.cancelled_at IS NULL AND alone.cancelled_at IS NULL
          AND absence.starts_on <= alone.ends_on AND absence.ends_on >= alone.starts_on
        ORDER BY absence.id LIMIT 1;
        IF found IS NULL THEN
            INSERT INTO caseload_absence (adviser_id, starts_on, ends_on, set_by_id, set_at, cancelled_at)
            VALUES (alone.adviser_id, alone.starts_on, alone.ends_on, coalesce(alone.set_by_id, alone.user_id), now(),
                    alone.cancelled_at)
            RETURNING id INTO found;
        END IF;
        UPDATE caseload_cover SET absence_id = found WHERE id = alone.id;
    END LOOP;
END
$$;
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("caseload", "0015_capacity_changes_from_the_audit")]

    operations = [
        migrations.RunSQL(GIVE_ABSENCES, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="cover",
            name="absence",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="covers", to="caseload.absence"
            ),
        ),
    ]
