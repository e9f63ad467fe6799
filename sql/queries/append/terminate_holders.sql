-- End the sessions for which the given session waits. Run by somebody else while it waits:
-- afterwards nothing tells who the holder was.
SELECT pid, pg_terminate_backend(pid) AS terminated
FROM unnest(pg_blocking_pids(%(waiting)s)) AS pid
WHERE pid <> 0
