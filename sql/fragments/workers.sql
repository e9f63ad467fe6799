-- How many workers live, by the lock that each of them holds: a pooler keeps sessions under a name that their
-- client had, and another login's are not shown to us.
SELECT count(*) AS workers
FROM pg_locks AS l
WHERE l.locktype = 'advisory' AND l.classid = hashtext('eventlog.worker')::oid AND l.mode = 'ExclusiveLock'
  AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
