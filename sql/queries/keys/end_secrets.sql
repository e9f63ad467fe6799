-- Secrets that held so far hold until a moment, and those whose time is over go.
WITH removed AS (
    DELETE FROM eventlog.key_secrets WHERE key_id = %(id)s AND valid_until <= clock_timestamp()
)
UPDATE eventlog.key_secrets
SET valid_until = least(valid_until, clock_timestamp() + %(overlap)s::interval)
WHERE key_id = %(id)s AND (valid_until IS NULL OR valid_until > clock_timestamp())
