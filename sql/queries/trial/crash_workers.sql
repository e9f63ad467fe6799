-- End the workers' sessions in the middle of what they do.
SELECT pg_terminate_backend(a.pid)
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.application_name = 'eventlog worker'
