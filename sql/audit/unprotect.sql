-- Give back to PUBLIC what sql/audit/privileges.sql took from it, and to nobody else: the functions that our
-- roles hold by a grant of their own, and that everybody may call in a new database. For a superuser, in this
-- database only. A dump then says nothing of PostgreSQL's own functions, and can be restored into a newer
-- major version, where some of them have other arguments.
DO $$
DECLARE
    ours   regrole[];
    target record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('eventlog.protect', 0));
    SELECT array_agg(r.oid::regrole) INTO ours
    FROM pg_roles AS r
    WHERE r.rolname IN ('eventlog_appender', 'eventlog_projector', 'eventlog_reader')
       OR r.oid = (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = 'eventlog')
       OR r.oid = (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database());
    FOR target IN
        SELECT f.oid::regprocedure AS function, string_agg(DISTINCT a.grantee::regrole::text, ', ') AS holders
        FROM pg_proc AS f
        CROSS JOIN LATERAL aclexplode(f.proacl) AS a
        LEFT JOIN pg_init_privs AS i ON i.classoid = 'pg_proc'::regclass AND i.objoid = f.oid
        WHERE f.pronamespace = 'pg_catalog'::regnamespace
          AND a.grantee = ANY (ours::oid[]) AND a.grantee <> f.proowner
          AND NOT has_function_privilege('public', f.oid, 'EXECUTE')
          AND (i.initprivs IS NULL
               OR EXISTS (SELECT FROM aclexplode(i.initprivs) AS n WHERE n.grantee = 0))
        GROUP BY f.oid
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %s CASCADE', target.function, target.holders);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', target.function);
    END LOOP;
    IF NOT has_database_privilege('public', current_database(), 'TEMP') THEN
        EXECUTE format('GRANT TEMP ON DATABASE %I TO PUBLIC', current_database());
    END IF;
END
$$;
