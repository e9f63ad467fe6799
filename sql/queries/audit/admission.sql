-- Of the auditor's other sessions in this database, how many run and how many run over; and what to call this
-- one, by when it must be over. Moments are compared as they are written.
SELECT count(*) FILTER (WHERE NOT a.is_over) AS running,
       count(*) FILTER (WHERE a.is_over) AS overrunning,
       'eventlog audit until ' || to_char(
           (clock_timestamp() + make_interval(secs => %(seconds)s)) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
       ) AS name
FROM (
    SELECT application_name LIKE 'eventlog audit until %%'
           AND application_name COLLATE "C" < 'eventlog audit until ' || to_char(
               clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS is_over
    FROM pg_stat_activity
    WHERE usename = session_user AND datname = current_database() AND pid <> pg_backend_pid()
) AS a
