-- Positions are without gaps and received_at never runs backwards, so the difference of two positions is
-- a count: as fast for a billion deliveries as for a thousand.
CREATE OR REPLACE VIEW audit.received_per_minute AS
SELECT m.minute,
       sum(audit.position_at(p.partition, m.minute + interval '1 minute')
           - audit.position_at(p.partition, m.minute))::bigint AS deliveries
FROM generate_series(
    date_trunc('minute', statement_timestamp()) - interval '1 hour', statement_timestamp(), interval '1 minute'
) AS m (minute)
CROSS JOIN eventlog.partitions AS p
GROUP BY m.minute;

COMMENT ON VIEW audit.received_per_minute IS
    'How many deliveries were received in each minute of the last hour; for another time there is the question throughput_per_minute.';
COMMENT ON COLUMN audit.received_per_minute.minute IS 'The minute.';
COMMENT ON COLUMN audit.received_per_minute.deliveries IS 'How many were received in it.';
