-- The latest failure of a claim takes the place of the earlier ones.
WITH outdated AS (
    DELETE FROM eventlog.failures
    WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
)
INSERT INTO eventlog.failures (partition, projection, version, cause)
VALUES (%(partition)s, %(projection)s, %(version)s, %(cause)s)
ON CONFLICT DO NOTHING
