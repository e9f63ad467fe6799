-- For how long the oldest snapshot of this database has been held, as far as this login may see: it keeps vacuum
-- waiting.
SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::double precision AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xmin IS NOT NULL
