-- Schemas of before, see eventlog/audit/install.py. is_needed: a statement is left whose snapshot is from
-- before its name was changed, and which may call its functions: no lock tells of that, as it does of views.
-- Of our own sessions none but the auditors' call them.
SELECT n.nspname::text AS schema,
       EXISTS (
           SELECT
           FROM pg_stat_activity AS a
           WHERE a.datname = current_database()
             AND a.pid <> pg_backend_pid()
             AND age(a.backend_xmin) >= age(n.xmin)
             AND (a.application_name NOT LIKE 'eventlog %' OR a.application_name LIKE 'eventlog audit%'
                  OR a.usename IN ('eventlog_auditor', eventlog.login_of('auditor')))
       ) AS is_needed
FROM pg_namespace AS n
WHERE n.nspname ~ '^audit_before_[0-9]+$' AND pg_has_role(n.nspowner, 'USAGE')
ORDER BY n.oid
