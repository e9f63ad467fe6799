-- Forget what a version that is not keyed was filled with; its tables are made anew.
WITH steps AS (
    DELETE FROM eventlog.steps WHERE projection = %(projection)s AND version = %(version)s
)
DELETE FROM eventlog.quarantine WHERE projection = %(projection)s AND version = %(version)s
