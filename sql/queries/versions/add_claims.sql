-- From here on ordinary workers project it.
INSERT INTO eventlog.claims (partition, projection, version)
SELECT partition, %(projection)s, %(version)s
FROM eventlog.partitions
