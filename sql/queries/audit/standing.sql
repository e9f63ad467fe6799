-- Whether we are a superuser, and whether nothing in this database is anybody else's: relations and functions
-- outside of our schemas.
SELECT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) AS is_superuser,
       NOT EXISTS (
           SELECT
           FROM pg_namespace AS n
           WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'eventlog', 'audit')
             AND n.nspname !~ '^(pg_(temp|toast_temp)_|audit_before_)'
             AND NOT EXISTS (SELECT FROM eventlog.projection_versions AS v WHERE v.schema_name = n.nspname)
             AND (EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid)
                  OR EXISTS (SELECT FROM pg_proc AS f WHERE f.pronamespace = n.oid))
       ) AS is_alone
