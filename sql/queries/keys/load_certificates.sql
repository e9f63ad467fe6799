-- As keys/load, a row for each certificate.
SELECT k.id, k.name, k.scopes, k.source, k.topic_prefix, k.state, c.fingerprint AS digest,
       extract(epoch FROM k.expires_at - clock_timestamp())::double precision AS seconds_left,
       k.events_per_second, k.bytes_per_second, k.events_per_day, k.streams, k.sql_seconds_per_hour
FROM eventlog.keys AS k
JOIN eventlog.key_certificates AS c ON c.key_id = k.id
