-- A projection is dropped: none of its versions is live. The tables stay until nobody reads them.
WITH retired AS (
    UPDATE eventlog.projection_versions
    SET retired_by = pg_current_xact_id()
    WHERE projection = %(projection)s AND version = %(version)s
), unclaimed AS (
    DELETE FROM eventlog.claims WHERE projection = %(projection)s AND version = %(version)s
)
UPDATE eventlog.projections SET live_version = NULL WHERE name = %(projection)s
