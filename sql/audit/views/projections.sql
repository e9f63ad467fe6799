CREATE OR REPLACE VIEW audit.projections AS
SELECT p.name AS projection,
       CASE WHEN p.live_version IS NULL THEN 'dropped' ELSE 'live' END AS state,
       p.live_version,
       v.created_at AS live_since,
       (
           SELECT count(*)
           FROM eventlog.quarantine AS q
           WHERE q.projection = p.name AND q.version = p.live_version
       ) AS quarantined,
       (
           SELECT f.cause
           FROM eventlog.failures AS f
           WHERE f.projection = p.name AND f.version = p.live_version
           ORDER BY f.failed_at DESC
           LIMIT 1
       ) AS latest_failure
FROM eventlog.projections AS p
LEFT JOIN eventlog.projection_versions AS v ON v.projection = p.name AND v.version = p.live_version;

COMMENT ON VIEW audit.projections IS
    'Each projection and its live version.';
COMMENT ON COLUMN audit.projections.projection IS 'Its name.';
COMMENT ON COLUMN audit.projections.state IS
    'live, or dropped: then nothing of it can be read until it is rebuilt.';
COMMENT ON COLUMN audit.projections.live_version IS 'The version that is read; each rebuild makes the next.';
COMMENT ON COLUMN audit.projections.live_since IS 'When that version was begun.';
COMMENT ON COLUMN audit.projections.quarantined IS 'Deliveries that it could not digest.';
COMMENT ON COLUMN audit.projections.latest_failure IS
    'Why it last made no progress, for another reason than content.';
