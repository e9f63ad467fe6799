-- Say why deliveries stay in quarantine, where that is another reason than before. Rows are put in place of
-- others, since nobody may update any.
WITH outdated AS (
    DELETE FROM eventlog.quarantine AS q
    USING unnest(%(positions)s::bigint[], %(sqlstates)s::text[], %(causes)s::text[])
        AS failed (position, sqlstate, cause)
    WHERE q.partition = %(partition)s AND q.projection = %(projection)s AND q.version = %(version)s
      AND q.position = failed.position
      AND (q.sqlstate, q.cause) <> (failed.sqlstate, failed.cause)
    RETURNING q.position, q.topic, q.event_id, q.quarantined_at, failed.sqlstate, failed.cause
)
INSERT INTO eventlog.quarantine
    (partition, projection, version, position, topic, event_id, sqlstate, cause, quarantined_at)
SELECT %(partition)s, %(projection)s, %(version)s, position, topic, event_id, sqlstate, cause, quarantined_at
FROM outdated
