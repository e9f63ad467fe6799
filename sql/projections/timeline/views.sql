CREATE OR REPLACE VIEW eventlog.timeline AS
SELECT partition, topic, minute, sum(events)::bigint AS events
FROM {schema}.minutes
GROUP BY partition, topic, minute;

COMMENT ON VIEW eventlog.timeline IS 'How many events each topic has in each minute of their own time.';
