-- What the timeline has counted, and what it has not got to yet, counted here: with a small lag nearly nothing.
CREATE OR REPLACE VIEW audit.received_by_topic AS
SELECT t.topic, t.minute, t.received, t.partition
FROM eventlog.timeline AS t
UNION ALL
SELECT i.topic, date_bin('1 minute', i.received_at, '1970-01-01 00:00:00+00'), count(*), i.partition
FROM audit.lag AS l
-- OFFSET 0: from the checkpoint on, whatever the statistics say.
CROSS JOIN LATERAL (
    SELECT w.topic, w.received_at, w.partition
    FROM eventlog.inbox AS w
    WHERE w.partition = l.partition AND w.position > l.checkpoint
    OFFSET 0
) AS i
WHERE l.projection = 'timeline'
GROUP BY 1, 2, 4
UNION ALL
SELECT q.topic, date_bin('1 minute', q.received_at, '1970-01-01 00:00:00+00'), count(*), q.partition
FROM audit.quarantine AS q
WHERE q.projection = 'timeline'
GROUP BY 1, 2, 4;

COMMENT ON VIEW audit.received_by_topic IS
    'How many deliveries of each topic were received in each minute. A minute may be in several rows: add them up.';
COMMENT ON COLUMN audit.received_by_topic.topic IS 'The topic.';
COMMENT ON COLUMN audit.received_by_topic.minute IS 'The minute.';
COMMENT ON COLUMN audit.received_by_topic.received IS 'How many were received in it, duplicates too.';
COMMENT ON COLUMN audit.received_by_topic.partition IS 'The partition in which the topic lives.';
