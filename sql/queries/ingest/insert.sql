-- Add a version of a definition, and return its number. Two at once have one of them fail on the key.
INSERT INTO eventlog.ingest_definitions (name, version, definition, created_by)
SELECT %(name)s, coalesce(max(version), 0) + 1, %(definition)s::json, %(created_by)s
FROM eventlog.ingest_definitions
WHERE name = %(name)s
RETURNING version
