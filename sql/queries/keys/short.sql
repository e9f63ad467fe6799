-- name: close_day
UPDATE eventlog.keys SET day_is_whole = true WHERE id = %(id)s

-- name: delete_certificate
DELETE FROM eventlog.key_certificates WHERE key_id = %(id)s AND fingerprint = %(fingerprint)s

-- name: insert_secret
INSERT INTO eventlog.key_secrets (key_id, digest) VALUES (%(id)s, %(digest)s)

-- name: number
SELECT number FROM eventlog.key_changes
