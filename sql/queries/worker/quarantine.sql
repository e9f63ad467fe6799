INSERT INTO eventlog.quarantine
    (partition, projection, version, position, topic, event_id, sqlstate, cause)
SELECT %(partition)s, %(projection)s, %(version)s, position, topic, event_id, %(sqlstate)s, %(cause)s
FROM eventlog.inbox
WHERE partition = %(partition)s AND position = %(position)s
RETURNING topic
