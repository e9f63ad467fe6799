-- name: applied
SELECT version, name, checksum FROM eventlog.schema_migrations ORDER BY version

-- name: create_partitions
SELECT eventlog.create_partitions(%(wanted)s) AS partitions

-- name: record
INSERT INTO eventlog.schema_migrations (version, name, checksum) VALUES (%(version)s, %(name)s, %(checksum)s)

-- name: set_sequences
SELECT sequence::text, setval(sequence, taken) FROM eventlog.sequences_behind()

-- name: state
-- What the code must know of the schema before it works with it; no row where there is none.
SELECT (SELECT max(version) FROM eventlog.schema_migrations) AS schema_version,
       (SELECT count(*)::integer FROM eventlog.partitions) AS partitions
