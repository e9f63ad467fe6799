SELECT count(*) AS workers
FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'eventlog worker'
