-- Whether the schema audit is to be made: other files than it was made of, or a role that may not read
-- it yet. Not before the tables are there that it reads.
SELECT to_regclass('eventlog.console_statements') IS NOT NULL
       AND (obj_description(to_regnamespace('audit'), 'pg_namespace') IS DISTINCT FROM %(mark)s
            OR to_regrole('eventlog_auditor') IS NOT NULL
               AND NOT has_schema_privilege(to_regrole('eventlog_auditor'), to_regnamespace('audit'), 'USAGE')) AS outdated
