WITH claims AS (
    DELETE FROM eventlog.claims WHERE projection = %(projection)s AND version = %(version)s
), steps AS (
    DELETE FROM eventlog.steps WHERE projection = %(projection)s AND version = %(version)s
), quarantine AS (
    DELETE FROM eventlog.quarantine WHERE projection = %(projection)s AND version = %(version)s
), attempts AS (
    DELETE FROM eventlog.attempts WHERE projection = %(projection)s AND version = %(version)s
), failures AS (
    DELETE FROM eventlog.failures WHERE projection = %(projection)s AND version = %(version)s
)
DELETE FROM eventlog.projection_versions WHERE projection = %(projection)s AND version = %(version)s
