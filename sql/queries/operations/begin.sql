-- A session of a login that its role is no member of, as of credentials that rotate, does not see when it began
-- itself. What is known by others then is its number, and a name of ours.
INSERT INTO eventlog.operations (id, kind, projection, backend_pid, backend_started_at)
SELECT %(id)s, %(kind)s, %(projection)s, a.pid, coalesce(a.backend_start, '-infinity')
FROM pg_stat_activity AS a
WHERE a.pid = pg_backend_pid()
