-- A session of a worker. Its lock is gone with it, however it ends; the row only when it ends well.
WITH added AS (
    INSERT INTO eventlog.worker_sessions DEFAULT VALUES
    RETURNING id
)
SELECT id, pg_advisory_lock(hashtext('eventlog.worker'), id)
FROM added
