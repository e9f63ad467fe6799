DELETE FROM eventlog.key_certificates WHERE key_id = %(id)s AND fingerprint = %(fingerprint)s
