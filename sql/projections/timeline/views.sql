CREATE OR REPLACE VIEW eventlog.timeline AS
SELECT partition, topic, minute, sum(events)::bigint AS events
FROM (
    SELECT partition, topic, minute, events FROM {schema}.minutes
    UNION ALL
    SELECT partition, topic, minute, events FROM {schema}.fresh
) AS part
GROUP BY partition, topic, minute;

COMMENT ON VIEW eventlog.timeline IS 'How many events each topic has in each minute of their own time.';
