-- What was set aside for a reason that the content does not show is input to every later replay: kept
-- as version 0, of what is known the newest.
INSERT INTO eventlog.quarantine
    (partition, projection, version, position, topic, event_id, sqlstate, cause, quarantined_at)
SELECT partition, projection, 0, position, topic, event_id, sqlstate, cause, quarantined_at
FROM eventlog.quarantine
WHERE projection = %(projection)s AND version = %(version)s
  AND NOT EXISTS (SELECT FROM unnest(%(content)s::text[]) AS content (class) WHERE starts_with(sqlstate, content.class))
ON CONFLICT DO NOTHING
