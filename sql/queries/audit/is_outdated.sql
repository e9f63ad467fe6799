-- Whether the schema audit is to be made: other files than it was made of, views that are missing, or a role
-- that may not read it yet. Not before the tables are there that it reads.
SELECT to_regclass('eventlog.console_statements') IS NOT NULL
       AND (obj_description(to_regnamespace('audit'), 'pg_namespace') IS DISTINCT FROM %(mark)s
            OR (SELECT count(*) FROM pg_class AS c
                WHERE c.relnamespace = to_regnamespace('audit') AND c.relkind = 'v') < %(views)s
            OR EXISTS (
                SELECT
                FROM pg_roles AS r
                WHERE r.rolname IN ('eventlog_auditor', 'eventlog_reader')
                  AND NOT has_schema_privilege(r.oid, to_regnamespace('audit'), 'USAGE')
            )) AS outdated
