SELECT id, topic, event_id, raw::text AS raw
FROM eventlog.outbox
ORDER BY id
LIMIT %(limit)s
