-- Only while there is room: whoever holds `keys` must not fill the database.
INSERT INTO eventlog.keys (
    id, name, scopes, source, topic_prefix, expires_at, created_by,
    events_per_second, bytes_per_second, events_per_day, streams, sql_seconds_per_hour
)
SELECT %(id)s, %(name)s, %(scopes)s::text[], %(source)s, %(topic_prefix)s, %(expires_at)s, %(created_by)s,
       %(events_per_second)s, %(bytes_per_second)s, %(events_per_day)s, %(streams)s, %(sql_seconds_per_hour)s
WHERE (SELECT count(*) FROM eventlog.keys) < %(keys_max)s
