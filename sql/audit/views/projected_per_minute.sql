CREATE OR REPLACE VIEW audit.projected_per_minute AS
SELECT s.projection,
       date_trunc('minute', s.projected_at) AS minute,
       sum(s.last - s.first + 1)::bigint AS deliveries,
       sum(s.unique_count)::bigint AS unique_events,
       sum(s.duplicate_count)::bigint AS duplicates,
       count(*) AS steps
FROM eventlog.steps AS s
JOIN eventlog.projections AS p ON p.name = s.projection AND p.live_version = s.version
GROUP BY s.projection, date_trunc('minute', s.projected_at);

COMMENT ON VIEW audit.projected_per_minute IS
    'How fast projections were projected, by minute. Old steps are added up into one, which shows as one large minute.';
COMMENT ON COLUMN audit.projected_per_minute.projection IS 'The projection.';
COMMENT ON COLUMN audit.projected_per_minute.minute IS 'The minute in which the steps were committed.';
COMMENT ON COLUMN audit.projected_per_minute.deliveries IS 'Deliveries projected.';
COMMENT ON COLUMN audit.projected_per_minute.unique_events IS 'First deliveries of an event among them.';
COMMENT ON COLUMN audit.projected_per_minute.duplicates IS 'Duplicates among them.';
COMMENT ON COLUMN audit.projected_per_minute.steps IS 'Transactions of workers.';
