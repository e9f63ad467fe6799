-- Every event is the delivery of its key with the lowest position, and every key has its event.
SELECT count(*) AS looked_at,
       count(*) FILTER (WHERE e.position IS DISTINCT FROM f.position OR e.partition IS DISTINCT FROM f.partition) AS wrong
FROM (
    SELECT DISTINCT ON (topic, event_id) topic, event_id, partition, position
    FROM eventlog.inbox
    ORDER BY topic, event_id, partition, position
) AS f
FULL JOIN eventlog.events AS e ON e.topic = f.topic AND e.event_id = f.event_id
