INSERT INTO eventlog.key_secrets (key_id, digest) VALUES (%(id)s, %(digest)s)
