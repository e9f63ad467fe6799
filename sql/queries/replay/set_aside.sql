INSERT INTO eventlog.quarantine
    (partition, projection, version, position, topic, event_id, sqlstate, cause)
SELECT i.partition, %(projection)s, %(version)s, i.position, i.topic, i.event_id, decided.sqlstate, decided.cause
FROM unnest(%(positions)s::bigint[], %(sqlstates)s::text[], %(causes)s::text[])
    AS decided (position, sqlstate, cause)
JOIN eventlog.inbox AS i ON i.partition = %(partition)s AND i.position = decided.position
RETURNING topic
