-- A key that several processes serve is written by one of them every few minutes. In the order of ids, so that two
-- who write at once wait for each other in one direction.
INSERT INTO eventlog.key_uses AS known (key_id, used_at)
SELECT used.key_id, clock_timestamp()
FROM unnest(%(ids)s::text[]) AS used (key_id)
JOIN eventlog.keys AS k ON k.id = used.key_id
ORDER BY used.key_id
ON CONFLICT (key_id) DO UPDATE
SET used_at = excluded.used_at
WHERE known.used_at < excluded.used_at - make_interval(secs => %(coarse_seconds)s)
