-- What the timeline has counted, and what it has not got to yet, counted here: with a small lag nearly nothing.
CREATE OR REPLACE VIEW audit.received_by_topic AS
SELECT t.topic, t.minute, t.received, t.partition
FROM {timeline} AS t
UNION ALL
SELECT i.topic, date_bin('1 minute', i.received_at, '1970-01-01 00:00:00+00'), count(*), i.partition
FROM eventlog.partitions AS p
-- OFFSET 0: from the checkpoint on, whatever the statistics say.
CROSS JOIN LATERAL (
    SELECT w.topic, w.received_at, w.partition
    FROM eventlog.inbox AS w
    WHERE w.partition = p.partition AND w.position > coalesce((
        SELECT s.last
        FROM eventlog.steps AS s
        WHERE s.partition = p.partition AND s.projection = 'timeline' AND s.version = {timeline_version}
        ORDER BY s.first DESC
        LIMIT 1
    ), p.first_position - 1)
    OFFSET 0
) AS i
GROUP BY 1, 2, 4
UNION ALL
SELECT q.topic, date_bin('1 minute', i.received_at, '1970-01-01 00:00:00+00'), count(*), q.partition
FROM eventlog.quarantine AS q
JOIN eventlog.inbox AS i ON i.partition = q.partition AND i.position = q.position
WHERE q.projection = 'timeline' AND q.version = {timeline_version}
GROUP BY 1, 2, 4;

COMMENT ON VIEW audit.received_by_topic IS
    'How many deliveries of each topic were received in each minute. A minute may be in several rows: add them up.';
COMMENT ON COLUMN audit.received_by_topic.topic IS 'The topic.';
COMMENT ON COLUMN audit.received_by_topic.minute IS 'The minute.';
COMMENT ON COLUMN audit.received_by_topic.received IS 'How many were received in it, duplicates too.';
COMMENT ON COLUMN audit.received_by_topic.partition IS 'The partition in which the topic lives.';
