-- name: begin
-- READ COMMITTED whatever the server's default is: the heads must be read by a snapshot that is
-- taken after the order lock was granted.
BEGIN ISOLATION LEVEL READ COMMITTED

-- name: commit
COMMIT

-- name: count
INSERT INTO eventlog.key_days (key_id, events)
SELECT key_id, events FROM unnest(%(keys)s::text[], %(events)s::bigint[]) AS counted (key_id, events)

-- name: lock
SELECT partition, head FROM eventlog.lock_partitions(%(partitions)s::smallint[])
