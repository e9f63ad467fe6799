-- The deliveries of one (topic, event_id) after a position in log order, at most `limit`, with what became of each.
-- Projected ones by the projection's keys; pending ones by reading the next `scan` of the log.
WITH live AS MATERIALIZED (
    SELECT name, live_version,
           eventlog.checkpoint_of(name, live_version, %(partition)s::smallint) AS checkpoint
    FROM eventlog.projections
    WHERE name = 'core'
), first AS MATERIALIZED (
    SELECT e.position
    FROM eventlog.events AS e
    WHERE e.partition = %(partition)s::smallint AND e.topic = %(topic)s::text AND e.event_id = %(event_id)s::text
), repeats AS (
    SELECT d.position
    FROM first
    CROSS JOIN LATERAL (
        SELECT position
        FROM eventlog.duplicates
        WHERE partition = %(partition)s::smallint AND first_position = first.position
          AND position > %(after)s::bigint
        ORDER BY position
        LIMIT %(limit)s::integer
    ) AS d
), pending AS (
    SELECT i.position
    FROM live
    CROSS JOIN LATERAL (
        SELECT position, topic, event_id
        FROM eventlog.inbox
        WHERE partition = %(partition)s::smallint
          AND position > live.checkpoint
          AND position <= live.checkpoint + %(scan)s::bigint
        OFFSET 0
    ) AS i
    WHERE i.topic = %(topic)s::text AND i.event_id = %(event_id)s::text
), found AS (
    SELECT position, 'unique' AS outcome FROM first
    UNION ALL
    SELECT r.position,
           CASE WHEN EXISTS (
               SELECT FROM eventlog.conflicts AS c
               WHERE c.partition = %(partition)s::smallint AND c.position = r.position
           ) THEN 'conflict' ELSE 'duplicate' END
    FROM repeats AS r
    UNION ALL
    SELECT q.position, 'quarantined'
    FROM live
    CROSS JOIN LATERAL (
        SELECT position
        FROM eventlog.quarantine
        WHERE partition = %(partition)s::smallint AND topic = %(topic)s::text AND event_id = %(event_id)s::text
          AND projection = live.name AND version = live.live_version
          AND position > %(after)s::bigint
        ORDER BY position
        LIMIT %(limit)s::integer
    ) AS q
    UNION ALL
    SELECT position, 'pending' FROM pending
)
SELECT f.position, i.received_at, f.outcome, i.publisher, i.traceparent
FROM (
    SELECT position, outcome
    FROM found
    WHERE position > %(after)s::bigint
    ORDER BY position
    LIMIT %(limit)s::integer
) AS f
CROSS JOIN LATERAL (
    SELECT received_at, publisher, headers ->> 'traceparent' AS traceparent
    FROM eventlog.inbox
    WHERE partition = %(partition)s::smallint AND position = f.position
    OFFSET 0
) AS i
ORDER BY f.position
