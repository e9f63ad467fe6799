-- Sessions of workers; what another login's session does stays hidden from us, its name does not.
SELECT count(*) AS workers
FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'eventlog worker'
