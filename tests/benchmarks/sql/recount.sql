-- Everything counted anew from the log, beside what the projection says.
WITH firsts AS MATERIALIZED (
    SELECT partition, topic, event_id, min(position) AS position, count(*) AS deliveries
    FROM eventlog.inbox
    GROUP BY partition, topic, event_id
), by_topic AS (
    SELECT topic, sum(deliveries) AS deliveries, count(*) AS unique_events
    FROM firsts
    GROUP BY topic
), by_partition AS (
    SELECT min(position) AS first, max(position) AS last, count(*) AS deliveries
    FROM eventlog.inbox
    GROUP BY partition
)
SELECT (SELECT coalesce(sum(deliveries), 0) FROM firsts)::bigint AS received,
       (SELECT count(*) FROM firsts) AS unique_events,
       (SELECT count(*) FROM by_partition WHERE first <> 1 OR last <> deliveries) AS partitions_with_gaps,
       (SELECT count(*) FROM eventlog.events) AS events,
       (SELECT count(*) FROM eventlog.duplicates) AS duplicates,
       (SELECT count(*) FROM eventlog.conflicts) AS conflicts,
       (SELECT count(*)
        FROM firsts AS f
        LEFT JOIN eventlog.events AS e
            ON e.partition = f.partition AND e.topic = f.topic AND e.event_id = f.event_id
        WHERE e.position IS DISTINCT FROM f.position) AS events_missing,
       (SELECT count(*)
        FROM by_topic AS t
        FULL JOIN eventlog.stats AS s ON s.topic = t.topic
        WHERE (t.deliveries, t.unique_events, t.deliveries - t.unique_events)
            IS DISTINCT FROM (s.received, s.unique_processed, s.duplicate_dropped)) AS topics_wrong
