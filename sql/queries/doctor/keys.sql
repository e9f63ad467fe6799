-- Keys that somebody should look at, each once, the most urgent reason first.
SELECT k.id, k.name, reason.named AS reason
FROM eventlog.keys AS k
LEFT JOIN eventlog.key_uses AS u ON u.key_id = k.id
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN k.expires_at < now() + make_interval(days => %(expiring_days)s) THEN 'expires'
        WHEN u.used_at IS NULL AND k.created_at < now() - make_interval(days => %(never_used_days)s) THEN 'never used'
        WHEN u.used_at < now() - make_interval(days => %(unused_days)s) THEN 'unused'
    END AS named
) AS reason
WHERE k.state <> 'revoked'
  AND (k.expires_at IS NULL OR k.expires_at > now())
  AND reason.named IS NOT NULL
ORDER BY k.expires_at NULLS LAST, k.created_at, k.id
