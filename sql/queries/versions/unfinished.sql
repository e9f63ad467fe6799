-- Versions that are neither live nor retired: what a rebuild left behind, the newest first.
SELECT v.version, v.schema_name, v.definition, v.keyed,
       EXISTS (
           SELECT FROM eventlog.claims AS c WHERE c.projection = v.projection AND c.version = v.version
       ) AS claimed
FROM eventlog.projection_versions AS v
JOIN eventlog.projections AS p ON p.name = v.projection
WHERE v.projection = %(projection)s AND v.retired_by IS NULL AND v.version IS DISTINCT FROM p.live_version
ORDER BY v.version DESC
