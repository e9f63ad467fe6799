-- name: claim
SELECT eventlog.lock_outbox() AS claimed

-- name: delete
DELETE FROM eventlog.outbox WHERE id = ANY (%(ids)s)

-- name: waiting
SELECT EXISTS (SELECT FROM eventlog.outbox WHERE id <> ALL (%(refused)s::bigint[])) AS waiting
