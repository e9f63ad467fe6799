-- Our sessions say what they do; the server's own processes have a type. The asker is `eventlog bench`.
SELECT pid, CASE WHEN backend_type = 'client backend' THEN coalesce(nullif(application_name, ''), 'unnamed')
                 ELSE backend_type END AS name
FROM pg_stat_activity
