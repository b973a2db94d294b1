"""What the audit told of openings, telephone numbers of agencies and delays, as rows of their own."""

from django.db import migrations

from accompaniment.migrations._guards import append_only

BRING = """
INSERT INTO accompaniment_openingchange (at, actor_id, region_id, agency_id, before, opens_on)
SELECT entry.at, entry.actor_id, region.code, agency.id,
       (entry.details ->> 'before')::date, (entry.details ->> 'opens_on')::date
FROM accompaniment_auditentry entry
JOIN accompaniment_region region ON region.code = entry.details ->> 'region'
LEFT JOIN accompaniment_agency agency ON agency.code = entry.details ->> 'agency'
WHERE entry.action = 'region' AND (agency.id IS NOT NULL OR NOT entry.details ? 'agency')
ORDER BY entry.id;

INSERT INTO accompaniment_agencyphonechange (at, actor_id, agency_id, before, phone)
SELECT entry.at, entry.actor_id, agency.id, coalesce(entry.details ->> 'before', ''), entry.details ->> 'phone'
FROM accompaniment_auditentry entry
JOIN accompaniment_agency agency ON agency.code = entry.details ->> 'agency'
WHERE entry.action = 'agency_phone'
ORDER BY entry.id;

INSERT INTO accompaniment_delaychange (at, actor_id, event, state, before, days, starts_on)
SELECT entry.at, entry.actor_id, coalesce(entry.details ->> 'event', 'set'), entry.details ->> 'state',
       (entry.details ->> 'before')::smallint, (entry.details ->> 'days')::smallint,
       (entry.details ->> 'starts_on')::date
FROM accompaniment_auditentry entry
WHERE entry.action = 'lapse_delay'
ORDER BY entry.id;
"""


class Migration(migrations.Migration):
    dependencies = [("accompaniment", "0032_setting_changes")]

    operations = [
        append_only("accompaniment_openingchange"),
        append_only("accompaniment_agencyphonechange"),
        append_only("accompaniment_delaychange"),
        migrations.RunSQL(BRING, migrations.RunSQL.noop),
    ]
