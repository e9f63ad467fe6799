-- What the log has of today (UTC) of the keys that have a quota of it; and how long today still is.
SELECT clock.seconds_left, d.key_id, sum(d.events)::bigint AS events
FROM (
    SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date AS day,
           extract(epoch FROM date_trunc('day', statement_timestamp() AT TIME ZONE 'UTC') + interval '1 day'
                              - statement_timestamp() AT TIME ZONE 'UTC')::double precision AS seconds_left
) AS clock
LEFT JOIN eventlog.key_days AS d ON d.day = clock.day
GROUP BY clock.seconds_left, d.key_id
