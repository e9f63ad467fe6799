-- name: clear
DELETE FROM eventlog.attempts
WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s

-- name: durably
-- What this transaction says must outlive whatever follows it.
SELECT set_config('synchronous_commit', 'on', true)

-- name: end
DELETE FROM eventlog.worker_sessions WHERE id = %(session)s

-- name: lock
-- One decides at a time. Updated in place: there are rows only after a worker has died.
SELECT FROM eventlog.attempts ORDER BY partition, projection, version FOR UPDATE
