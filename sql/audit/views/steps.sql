CREATE OR REPLACE VIEW audit.steps AS
SELECT s.projected_at,
       s.projection,
       s.version,
       s.partition,
       s.first,
       s.last,
       s.last - s.first + 1 AS deliveries,
       s.unique_count AS unique_events,
       s.duplicate_count AS duplicates,
       s.conflict_count AS conflicts,
       s.quarantined_count AS quarantined
FROM eventlog.steps AS s
JOIN eventlog.projections AS p ON p.name = s.projection AND p.live_version = s.version;

COMMENT ON VIEW audit.steps IS
    'What each transaction of a worker projected. Old steps are added up into one.';
COMMENT ON COLUMN audit.steps.projected_at IS 'When.';
COMMENT ON COLUMN audit.steps.projection IS 'The projection.';
COMMENT ON COLUMN audit.steps.version IS 'Its live version.';
COMMENT ON COLUMN audit.steps.partition IS 'The partition.';
COMMENT ON COLUMN audit.steps.first IS 'The first position of the batch.';
COMMENT ON COLUMN audit.steps.last IS 'The last position of the batch.';
COMMENT ON COLUMN audit.steps.deliveries IS 'How many deliveries that are.';
COMMENT ON COLUMN audit.steps.unique_events IS 'First deliveries of an event among them.';
COMMENT ON COLUMN audit.steps.duplicates IS 'Duplicates among them.';
COMMENT ON COLUMN audit.steps.conflicts IS 'Duplicates that differ, among these.';
COMMENT ON COLUMN audit.steps.quarantined IS 'Deliveries that could not be projected.';
