-- Only while there is room: whoever holds `keys` must not fill the database.
INSERT INTO eventlog.keys (id, name, scopes, source, topic_prefix, expires_at, created_by)
SELECT %(id)s, %(name)s, %(scopes)s::text[], %(source)s, %(topic_prefix)s, %(expires_at)s, %(created_by)s
WHERE (SELECT count(*) FROM eventlog.keys) < %(keys_max)s
