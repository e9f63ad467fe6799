-- Record the definition of the live version as this code writes it; what defines it is the same.
UPDATE eventlog.projection_versions AS v
SET definition = %(definition)s
FROM eventlog.projections AS p
WHERE p.name = %(name)s AND v.projection = p.name AND v.version = p.live_version
