INSERT INTO eventlog.operations (id, kind, projection, backend_pid, backend_started_at)
SELECT %(id)s, %(kind)s, %(projection)s, a.pid, a.backend_start
FROM pg_stat_activity AS a
WHERE a.pid = pg_backend_pid()
