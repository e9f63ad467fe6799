-- Another version is live; the workers have nothing to do with the one before any more. What was kept
-- of the quarantine of a dropped one (version 0) is in its own by now, or has been tried again.
WITH retired AS (
    UPDATE eventlog.projection_versions
    SET retired_by = pg_current_xact_id()
    WHERE projection = %(projection)s AND version = %(live)s::integer
), unclaimed AS (
    DELETE FROM eventlog.claims WHERE projection = %(projection)s AND version = %(live)s::integer
), kept AS (
    DELETE FROM eventlog.quarantine WHERE projection = %(projection)s AND version = 0
)
UPDATE eventlog.projections AS p
SET live_version = v.version, wanted_definition = v.definition
FROM eventlog.projection_versions AS v
WHERE p.name = %(projection)s AND v.projection = p.name AND v.version = %(version)s
