-- The statistics of each topic equal a recount from the log.
WITH delivery AS (
    SELECT i.topic,
           EXISTS (SELECT FROM set_aside AS q WHERE (q.partition, q.position) = (i.partition, i.position)) AS aside,
           i.position, i.partition, i.event_id
    FROM eventlog.inbox AS i
), recount AS (
    SELECT topic, count(*) AS received,
           count(DISTINCT event_id) FILTER (WHERE NOT aside) AS unique_processed,
           count(*) FILTER (WHERE NOT aside) - count(DISTINCT event_id) FILTER (WHERE NOT aside) AS duplicate_dropped,
           count(*) FILTER (WHERE aside) AS quarantined
    FROM delivery
    GROUP BY topic
), recounted AS (
    SELECT r.*, (SELECT count(*) FROM eventlog.conflicts AS c WHERE c.topic = r.topic) AS conflicts
    FROM recount AS r
)
SELECT format('stats of %s: %s, and should be %s', coalesce(s.topic, r.topic),
              (s.received, s.unique_processed, s.duplicate_dropped, s.conflicts, s.quarantined),
              (r.received, r.unique_processed, r.duplicate_dropped, r.conflicts, r.quarantined))
FROM recounted AS r
FULL JOIN eventlog.stats AS s USING (topic)
WHERE (s.received, s.unique_processed, s.duplicate_dropped, s.conflicts, s.quarantined)
      IS DISTINCT FROM (r.received, r.unique_processed, r.duplicate_dropped, r.conflicts, r.quarantined)
UNION ALL
-- The books of each partition: the steps follow each other without a gap, and add up to its head.
SELECT format('steps of partition %s: %s of %s deliveries, in pieces that %s', p.partition,
              coalesce(s.counted, 0), eventlog.head_of(p.partition),
              CASE WHEN coalesce(s.follows, true) THEN 'follow each other' ELSE 'do not follow each other' END)
FROM eventlog.partitions AS p
LEFT JOIN (
    SELECT st.partition, sum(st.unique_count + st.duplicate_count + st.quarantined_count) AS counted,
           bool_and(st.follows) AS follows
    FROM (
        SELECT t.*, t.first = 1 + lag(t.last, 1, 0::bigint) OVER (PARTITION BY t.partition ORDER BY t.first) AS follows
        FROM eventlog.steps AS t
        JOIN eventlog.projections AS pr ON pr.name = t.projection AND pr.live_version = t.version
        WHERE t.projection = 'core'
    ) AS st
    GROUP BY st.partition
) AS s USING (partition)
WHERE coalesce(s.counted, 0) <> coalesce(eventlog.head_of(p.partition), 0) OR NOT coalesce(s.follows, true)
