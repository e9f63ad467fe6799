CREATE OR REPLACE VIEW eventlog.timeline AS
SELECT partition, topic, minute, sum(received)::bigint AS received
FROM (
    SELECT partition, topic, minute, received FROM {schema}.minutes
    UNION ALL
    SELECT partition, topic, minute, received FROM {schema}.fresh
) AS part
GROUP BY partition, topic, minute;

COMMENT ON VIEW eventlog.timeline IS 'How many deliveries of each topic were received in each minute.';
