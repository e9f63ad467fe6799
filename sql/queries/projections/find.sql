SELECT p.name, p.live_version, v.schema_name, v.definition
FROM eventlog.projections AS p
LEFT JOIN eventlog.projection_versions AS v ON v.projection = p.name AND v.version = p.live_version
WHERE p.name = %(name)s
