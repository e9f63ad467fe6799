SELECT rolname AS name, rolsuper AS is_superuser, rolname = session_user AS is_ours
FROM pg_roles
WHERE rolname IN ('eventlog_appender', 'eventlog_projector', 'eventlog_reader', session_user)
ORDER BY rolname
