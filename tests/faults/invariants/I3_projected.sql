-- `events` is the lowest position of each (topic, event_id); the rest are duplicates, and conflicts
-- where source or payload differ from the first. Recounted from the log alone.
WITH digestible AS (
    SELECT i.partition, i.position, i.topic, i.event_id,
           first_value(i.position) OVER same AS first_position,
           (i.raw ->> 'source', (i.raw -> 'payload')::jsonb)
               IS DISTINCT FROM (first_value(i.raw ->> 'source') OVER same,
                                 first_value((i.raw -> 'payload')::jsonb) OVER same) AS differs
    FROM eventlog.inbox AS i
    WHERE (i.partition, i.position) NOT IN (SELECT q.partition, q.position FROM set_aside AS q)
    WINDOW same AS (PARTITION BY i.partition, i.topic, i.event_id ORDER BY i.position)
)
SELECT format('event %s/%s is at %s, and should be at %s',
              coalesce(d.topic, e.topic), coalesce(d.event_id, e.event_id), e.position, d.position)
FROM (SELECT * FROM digestible WHERE position = first_position) AS d
FULL JOIN eventlog.events AS e
    ON (e.partition, e.topic, e.event_id) = (d.partition, d.topic, d.event_id)
WHERE e.position IS DISTINCT FROM d.position
UNION ALL
SELECT format('duplicate %s:%s is of %s, and should be of %s',
              coalesce(d.partition, e.partition), coalesce(d.position, e.position),
              e.first_position, d.first_position)
FROM (SELECT * FROM digestible WHERE position <> first_position) AS d
FULL JOIN eventlog.duplicates AS e USING (partition, position)
WHERE e.first_position IS DISTINCT FROM d.first_position
UNION ALL
SELECT format('conflict %s:%s is of %s, and should be of %s',
              coalesce(d.partition, e.partition), coalesce(d.position, e.position),
              e.first_position, d.first_position)
FROM (SELECT * FROM digestible WHERE position <> first_position AND differs) AS d
FULL JOIN eventlog.conflicts AS e USING (partition, position)
WHERE e.first_position IS DISTINCT FROM d.first_position
