-- What became of deliveries: unique, duplicate, conflict, quarantined, or pending until projected.
-- Deliveries that are not in the log are left out.
-- One probe a delivery and table: OFFSET 0, since the planner would hash a whole table otherwise.
WITH live AS MATERIALIZED (
    SELECT name, live_version FROM eventlog.projections WHERE name = 'core'
), reached AS MATERIALIZED (
    SELECT w.partition, eventlog.checkpoint_of(live.name, live.live_version, w.partition) AS checkpoint
    FROM (SELECT DISTINCT partition FROM unnest(%(partitions)s::smallint[]) AS given (partition)) AS w
    CROSS JOIN live
)
SELECT d.partition, d.position,
       CASE
           WHEN d.position > r.checkpoint THEN 'pending'
           WHEN e.position = d.position THEN 'unique'
           WHEN q.position IS NOT NULL THEN 'quarantined'
           WHEN c.position IS NOT NULL THEN 'conflict'
           ELSE 'duplicate'
       END AS outcome
FROM unnest(%(partitions)s::smallint[], %(positions)s::bigint[]) AS given (partition, position)
CROSS JOIN LATERAL (
    SELECT i.partition, i.position, i.topic, i.event_id
    FROM eventlog.inbox AS i
    WHERE i.partition = given.partition AND i.position = given.position
    OFFSET 0
) AS d
CROSS JOIN live
JOIN reached AS r ON r.partition = d.partition
LEFT JOIN LATERAL (
    SELECT position
    FROM eventlog.events
    WHERE partition = d.partition AND topic = d.topic AND event_id = d.event_id
    OFFSET 0
) AS e ON true
LEFT JOIN LATERAL (
    SELECT position
    FROM eventlog.quarantine
    WHERE partition = d.partition AND projection = live.name AND version = live.live_version
      AND position = d.position
    OFFSET 0
) AS q ON true
LEFT JOIN LATERAL (
    SELECT position
    FROM eventlog.conflicts
    WHERE partition = d.partition AND position = d.position
    OFFSET 0
) AS c ON true
