-- Held by whoever changes which version is live, or where the stable views point.
SELECT p.live_version, v.schema_name, v.definition
FROM eventlog.projections AS p
LEFT JOIN eventlog.projection_versions AS v ON v.projection = p.name AND v.version = p.live_version
WHERE p.name = %(projection)s
FOR NO KEY UPDATE OF p
