-- Sessions that keep vacuum, and the switch of a projection, waiting: idle within a transaction, or
-- with an old snapshot.
SELECT pid,
       coalesce(nullif(application_name, ''), usename::text, backend_type) AS name,
       coalesce(state, 'unknown') AS state,
       extract(epoch FROM clock_timestamp() - coalesce(
           CASE WHEN state LIKE 'idle in transaction%%' THEN state_change END, xact_start
       ))::double precision AS seconds
FROM pg_stat_activity
WHERE datname = current_database()
  AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
  AND (state LIKE 'idle in transaction%%' AND state_change < clock_timestamp() - make_interval(secs => %(idle_seconds)s)
       OR backend_xmin IS NOT NULL AND xact_start < clock_timestamp() - make_interval(secs => %(snapshot_seconds)s))
ORDER BY seconds DESC
LIMIT 5
