CREATE OR REPLACE VIEW audit.lag AS
SELECT b.projection,
       b.partition,
       b.checkpoint,
       b.head,
       b.head - b.checkpoint AS lag_deliveries,
       (
           SELECT i.received_at
           FROM eventlog.inbox AS i
           WHERE i.partition = b.partition AND i.position = b.checkpoint + 1
       ) AS waiting_since,
       coalesce(extract(epoch FROM clock_timestamp() - (
           SELECT i.received_at
           FROM eventlog.inbox AS i
           WHERE i.partition = b.partition AND i.position = b.checkpoint + 1
       )), 0)::double precision AS lag_seconds
FROM (
    SELECT live.name AS projection,
           p.partition,
           coalesce((
               SELECT s.last
               FROM eventlog.steps AS s
               WHERE s.partition = p.partition AND s.projection = live.name AND s.version = live.live_version
               ORDER BY s.first DESC
               LIMIT 1
           ), p.first_position - 1) AS checkpoint,
           greatest(p.archived_through, coalesce((
               SELECT max(i.position) FROM eventlog.inbox AS i WHERE i.partition = p.partition
           ), 0)) AS head
    FROM eventlog.partitions AS p
    CROSS JOIN eventlog.projections AS live
    WHERE live.live_version IS NOT NULL
) AS b;

COMMENT ON VIEW audit.lag IS
    'How far each live projection is behind the log, by partition.';
COMMENT ON COLUMN audit.lag.projection IS 'The projection.';
COMMENT ON COLUMN audit.lag.partition IS 'The partition.';
COMMENT ON COLUMN audit.lag.checkpoint IS 'The last position that is projected.';
COMMENT ON COLUMN audit.lag.head IS 'The last position of the log.';
COMMENT ON COLUMN audit.lag.lag_deliveries IS 'head minus checkpoint.';
COMMENT ON COLUMN audit.lag.waiting_since IS 'When the oldest delivery that is not projected was received.';
COMMENT ON COLUMN audit.lag.lag_seconds IS 'How long that is ago.';
