-- By its name, too: where the auditor asks another server than the owner's, a standby, the number alone
-- may be anybody's here.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE pid = %(pid)s AND usename = %(user)s AND application_name LIKE 'eventlog audit%%'
