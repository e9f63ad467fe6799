-- Sessions of auditors that run over: by their name, which says by when they had to be over, and which
-- everybody may see.
SELECT pid, substr(application_name, length('eventlog audit until ') + 1) AS until
FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name LIKE 'eventlog audit until %'
  AND application_name COLLATE "C" < 'eventlog audit until ' || to_char(
      clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
ORDER BY application_name, pid
