SELECT coalesce(r.topic, s.topic) AS topic,
       r.received,
       r.unique_events,
       s.received AS stats_received,
       s.unique_processed AS stats_unique,
       s.duplicate_dropped AS stats_duplicates
FROM (
    SELECT topic, count(*) AS received, count(DISTINCT event_id) AS unique_events
    FROM eventlog.inbox
    GROUP BY topic
) AS r
FULL JOIN eventlog.stats AS s ON s.topic = r.topic
