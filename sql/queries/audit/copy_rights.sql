-- The rights that others were given on the schema of before, on its views, columns and functions, as far as
-- there are such again.
DO $$
DECLARE
    held record;
BEGIN
    FOR held IN
        WITH before AS (
            SELECT n.oid, n.nspname, n.nspacl, n.nspowner FROM pg_namespace AS n WHERE n.nspname = {before}
        ), acl AS (
            SELECT 'SCHEMA audit' AS object, NULL::text AS on_column, b.nspacl AS acl, b.nspowner AS owner
            FROM before AS b
            UNION ALL
            SELECT format('audit.%I', c.relname), NULL, o.relacl, o.relowner
            FROM before AS b
            JOIN pg_class AS o ON o.relnamespace = b.oid AND o.relkind = 'v'
            JOIN pg_class AS c ON c.relnamespace = 'audit'::regnamespace AND c.relname = o.relname AND c.relkind = 'v'
            UNION ALL
            SELECT format('audit.%I', c.relname), format('(%I)', t.attname), a.attacl, o.relowner
            FROM before AS b
            JOIN pg_class AS o ON o.relnamespace = b.oid AND o.relkind = 'v'
            JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attacl IS NOT NULL
            JOIN pg_class AS c ON c.relnamespace = 'audit'::regnamespace AND c.relname = o.relname AND c.relkind = 'v'
            JOIN pg_attribute AS t ON t.attrelid = c.oid AND t.attname = a.attname
            UNION ALL
            SELECT format('FUNCTION audit.%I(%s)', c.proname, pg_get_function_identity_arguments(c.oid)), NULL,
                   o.proacl, o.proowner
            FROM before AS b
            JOIN pg_proc AS o ON o.pronamespace = b.oid
            JOIN pg_proc AS c ON c.pronamespace = 'audit'::regnamespace AND c.proname = o.proname
                 AND c.proargtypes = o.proargtypes
        )
        SELECT a.object, a.on_column, e.privilege_type, e.is_grantable, e.grantee
        FROM acl AS a
        CROSS JOIN LATERAL aclexplode(a.acl) AS e
        WHERE e.grantee <> a.owner
    LOOP
        EXECUTE format('GRANT %s%s ON %s TO %s%s', held.privilege_type, held.on_column, held.object,
                       CASE held.grantee WHEN 0 THEN 'PUBLIC' ELSE held.grantee::regrole::text END,
                       CASE WHEN held.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END
$$
