-- Says which key has it now: this one, or another that had it before; nothing where this one has as many as it may.
WITH inserted AS (
    INSERT INTO eventlog.key_certificates (fingerprint, key_id)
    SELECT %(fingerprint)s, %(id)s
    WHERE (SELECT count(*) FROM eventlog.key_certificates WHERE key_id = %(id)s) < %(certificates_max)s
    ON CONFLICT (fingerprint) DO NOTHING
    RETURNING key_id
)
SELECT key_id FROM inserted
UNION ALL
SELECT key_id FROM eventlog.key_certificates WHERE fingerprint = %(fingerprint)s
