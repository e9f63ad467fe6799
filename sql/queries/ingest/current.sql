-- The definitions that hold: of each name the latest version, unless it was removed.
SELECT name, version, definition::text AS definition, created_at, created_by
FROM (
    SELECT DISTINCT ON (name) name, version, definition, created_at, created_by
    FROM eventlog.ingest_definitions
    ORDER BY name, version DESC
) AS latest
WHERE definition IS NOT NULL
ORDER BY name
