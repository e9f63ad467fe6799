-- Transactions of others that may hold a snapshot, all or of a list. Our own sessions read each
-- statement from a snapshot that is newer than their locks, so they are none of them; an auditor might change
-- the name of its own.
-- A session of another user may hide what it does: then a transaction counts as a snapshot. Autovacuum
-- hides it, too, but has no user; it reads no views, and may take as long as it likes.
SELECT l.virtualtransaction AS transaction, a.pid,
       coalesce(a.usename, '?') || coalesce(nullif(' ' || a.application_name, ' '), '') AS session
FROM pg_stat_activity AS a
JOIN pg_locks AS l ON l.pid = a.pid AND l.locktype = 'virtualxid' AND l.virtualxid = l.virtualtransaction
WHERE a.datname = current_database()
  AND a.pid <> pg_backend_pid()
  AND coalesce(a.backend_type, 'client backend') = 'client backend'
  AND a.usesysid IS NOT NULL
  AND (a.backend_xmin IS NOT NULL OR a.state IS NULL)
  AND coalesce(a.application_name, '') NOT LIKE 'eventlog %%'
  AND coalesce(a.usename, '') NOT IN ('eventlog_auditor', eventlog.login_of('auditor'))
  AND (%(transactions)s::text[] IS NULL OR l.virtualtransaction = ANY (%(transactions)s::text[]))
