INSERT INTO eventlog.key_days (key_id, events) SELECT key_id, events FROM unnest(%(keys)s::text[], %(events)s::bigint[]) AS counted (key_id, events)
