-- Versions of projections whose tables our roles cannot work with, as after a restore into a server that did
-- not have these roles yet; or whose tables are gone.
SELECT v.projection, v.version, v.schema_name, n.oid IS NOT NULL AS has_schema,
       coalesce(p.live_version = v.version, false) AS is_live
FROM eventlog.projection_versions AS v
JOIN eventlog.projections AS p ON p.name = v.projection
LEFT JOIN pg_namespace AS n ON n.nspname = v.schema_name
WHERE n.oid IS NULL
   OR has_schema_privilege(to_regrole('eventlog_projector'), n.oid, 'USAGE') IS NOT TRUE
   OR has_schema_privilege(to_regrole('eventlog_reader'), n.oid, 'USAGE') IS NOT TRUE
   OR EXISTS (
       SELECT
       FROM pg_class AS c
       WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm')
         AND (has_table_privilege(to_regrole('eventlog_reader'), c.oid, 'SELECT')
              AND has_table_privilege(to_regrole('eventlog_projector'), c.oid, 'SELECT')
              AND has_table_privilege(to_regrole('eventlog_projector'), c.oid, 'INSERT')
              AND has_table_privilege(to_regrole('eventlog_projector'), c.oid, 'DELETE')) IS NOT TRUE
   )
ORDER BY v.projection, v.version
