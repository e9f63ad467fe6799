CREATE OR REPLACE VIEW audit.received_per_minute AS
SELECT i.partition,
       date_trunc('minute', i.received_at) AS minute,
       count(*) AS deliveries,
       sum(octet_length(i.raw::text)) AS bytes
FROM eventlog.inbox AS i
GROUP BY i.partition, date_trunc('minute', i.received_at);

COMMENT ON VIEW audit.received_per_minute IS
    'How many deliveries were received in each minute. Reads the whole log, or a partition: the question throughput_per_minute asks for a time instead.';
COMMENT ON COLUMN audit.received_per_minute.partition IS 'The partition.';
COMMENT ON COLUMN audit.received_per_minute.minute IS 'The minute in which they were received.';
COMMENT ON COLUMN audit.received_per_minute.deliveries IS 'How many.';
COMMENT ON COLUMN audit.received_per_minute.bytes IS 'How long their texts are, together.';
