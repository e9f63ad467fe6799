-- Again, since who began them may be gone: one that looks for it ends.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE datname = current_database()
  AND usename IN ('eventlog_auditor', eventlog.login_of('auditor'))
  AND application_name LIKE 'eventlog audit until %'
  AND application_name COLLATE "C" < 'eventlog audit until ' || to_char(
      clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
