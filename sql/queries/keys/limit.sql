-- A quota of a day counts the whole of the day in which it is set: keys/count_before.sql.
UPDATE eventlog.keys
SET events_per_second = %(events_per_second)s,
    bytes_per_second = %(bytes_per_second)s,
    events_per_day = %(events_per_day)s,
    streams = %(streams)s,
    sql_seconds_per_hour = %(sql_seconds_per_hour)s,
    day_is_whole = day_is_whole AND (events_per_day IS NOT NULL OR %(events_per_day)s::bigint IS NULL),
    changed_at = clock_timestamp()
WHERE id = %(id)s
