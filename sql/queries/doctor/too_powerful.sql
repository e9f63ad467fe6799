-- Logins that the API's and the workers' sessions have though there are others with fewer rights: the log's owner,
-- whoever acts as it, superusers. A worker's login sees none of this, and may not ask.
SELECT DISTINCT r.rolname::text AS login
FROM pg_stat_activity AS a
JOIN pg_roles AS r ON r.oid = a.usesysid
JOIN pg_namespace AS n ON n.nspname = 'eventlog'
WHERE eventlog.operator_role() IS NOT NULL
  AND a.datname = current_database()
  AND a.application_name IN ('eventlog append', 'eventlog wake', 'eventlog refusals', 'eventlog worker')
  AND (r.rolsuper OR pg_has_role(r.oid, n.nspowner, 'USAGE'))
ORDER BY 1
