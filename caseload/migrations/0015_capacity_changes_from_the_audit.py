"""What the audit told of caps, as rows of their own."""

from django.db import migrations

from accompaniment.migrations._guards import append_only

BRING = """
INSERT INTO caseload_capacitychange
    (at, actor_id, event, modality, agency_id, value, by_working_share, starts_on, reason)
SELECT entry.at, entry.actor_id, coalesce(entry.details ->> 'event', 'set'), entry.details ->> 'modality', agency.id,
       (entry.details ->> 'value')::smallint, coalesce((entry.details ->> 'by_working_share')::boolean, false),
       (entry.details ->> 'starts_on')::date, coalesce(entry.details ->> 'reason', '')
FROM accompaniment_auditentry entry
LEFT JOIN accompaniment_agency agency ON agency.code = entry.details ->> 'agency'
WHERE entry.action = 'capacity' AND (agency.id IS NOT NULL OR entry.details ->> 'agency' IS NULL)
ORDER BY entry.id;
"""


class Migration(migrations.Migration):
    dependencies = [("caseload", "0014_capacity_changes")]

    operations = [append_only("caseload_capacitychange"), migrations.RunSQL(BRING, migrations.RunSQL.noop)]
