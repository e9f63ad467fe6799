-- What the role of this session could do but read: no row where it is fit to run anybody's statement.
WITH me AS (
    SELECT oid, rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
    FROM pg_roles
    WHERE rolname = session_user
)
SELECT 'it is a superuser, or has other powers' AS flaw
FROM me
WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
UNION ALL
SELECT 'it has taken on another role'
WHERE current_user <> session_user
UNION ALL
SELECT 'it is a member of ' || string_agg(m.roleid::regrole::text, ', ')
FROM me
JOIN pg_auth_members AS m ON m.member = me.oid
HAVING count(*) > 0
UNION ALL
SELECT 'it owns something in this database'
FROM me
WHERE EXISTS (
    SELECT
    FROM pg_shdepend AS d
    WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = me.oid AND d.deptype = 'o'
)
UNION ALL
SELECT 'it may write to ' || min(c.oid::regclass::text)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))
HAVING count(*) > 0
