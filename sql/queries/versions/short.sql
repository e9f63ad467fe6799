-- name: add
-- Without claims: no worker touches it before it is filled.
INSERT INTO eventlog.projection_versions (projection, version, schema_name, definition, keyed)
VALUES (%(projection)s, %(version)s, %(schema_name)s, %(definition)s, false)

-- name: create_schema
SELECT eventlog.make_schema(%(schema_name)s)

-- name: drop_schema
DROP SCHEMA IF EXISTS {schema} CASCADE

-- name: keyed
UPDATE eventlog.projection_versions SET keyed = true WHERE projection = %(projection)s AND version = %(version)s

-- name: lock_schema
-- Nobody migrates, installs or re-points stable views meanwhile. Ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('eventlog.migrate', 0))

-- name: lock_timeout
SELECT set_config('lock_timeout', %(milliseconds)s, true)

-- name: next
UPDATE eventlog.projections SET last_version = last_version + 1 WHERE name = %(projection)s
RETURNING last_version

-- name: partitions
SELECT partition FROM eventlog.partitions ORDER BY partition
