SELECT DISTINCT q.event_id
FROM eventlog.quarantine AS q
WHERE q.projection = %(projection)s
