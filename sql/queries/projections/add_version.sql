-- A version and a claim for each partition of the log.
WITH added AS (
    INSERT INTO eventlog.projection_versions (projection, version, schema_name, definition)
    VALUES (%(name)s, %(version)s, %(schema_name)s, %(definition)s)
    RETURNING projection, version
)
INSERT INTO eventlog.claims (partition, projection, version)
SELECT p.partition, added.projection, added.version
FROM eventlog.partitions AS p
CROSS JOIN added
