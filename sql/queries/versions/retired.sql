-- Versions that were live once and have their tables still, and whether a snapshot from before the
-- switch is left that could read them.
SELECT v.version, v.schema_name,
       EXISTS (
           SELECT FROM pg_stat_activity AS a
           WHERE a.datname = current_database()
             AND a.pid <> pg_backend_pid()
             AND a.backend_type = 'client backend'
             AND coalesce(a.application_name, '') NOT LIKE 'eventlog %%'
             AND coalesce(a.usename, '') NOT IN ('eventlog_auditor', eventlog.login_of('auditor'))
             AND age(a.backend_xmin) > age(v.retired_by::xid)
       ) AS needed
FROM eventlog.projection_versions AS v
WHERE v.projection = %(projection)s AND v.retired_by IS NOT NULL
