SELECT "timestamp", topic, event_id
FROM eventlog.events
ORDER BY "timestamp", topic, event_id
OFFSET %(offset)s
LIMIT 1
