-- The role that asks in SQL: no row where it is missing.
SELECT r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
       OR EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid) AS is_powerful,
       has_function_privilege(r.oid, 'pg_advisory_lock(bigint)', 'EXECUTE') AS reaches_beyond
FROM pg_roles AS r
WHERE r.rolname = 'eventlog_auditor'
