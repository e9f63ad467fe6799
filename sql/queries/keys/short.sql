-- name: insert_secret
INSERT INTO eventlog.key_secrets (key_id, digest) VALUES (%(id)s, %(digest)s)

-- name: number
SELECT number FROM eventlog.key_changes
