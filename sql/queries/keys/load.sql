-- What API processes check keys by: a row for each secret. The number is read in the same snapshot or an older
-- one (keys/number), so a change in between is read again.
SELECT k.id, k.name, k.scopes, k.source, k.topic_prefix, k.state, s.digest,
       extract(epoch FROM least(k.expires_at, s.valid_until) - clock_timestamp())::double precision AS seconds_left,
       k.events_per_second, k.bytes_per_second, k.events_per_day, k.streams, k.sql_seconds_per_hour
FROM eventlog.keys AS k
JOIN eventlog.key_secrets AS s ON s.key_id = k.id
