-- Keys as people see them: never a secret, nor its digest.
SELECT k.id, k.name, k.scopes, k.source, k.topic_prefix,
       CASE WHEN k.state = 'active' AND k.expires_at <= clock_timestamp() THEN 'expired' ELSE k.state END AS state,
       k.expires_at, k.created_at, k.created_by, k.changed_at,
       (
           SELECT count(*) FROM eventlog.key_secrets AS s
           WHERE s.key_id = k.id AND (s.valid_until IS NULL OR s.valid_until > clock_timestamp())
       ) AS secrets,
       k.events_per_second, k.bytes_per_second, k.events_per_day, k.streams, k.sql_seconds_per_hour,
       u.used_at AS last_used_at
FROM eventlog.keys AS k
LEFT JOIN eventlog.key_uses AS u ON u.key_id = k.id
