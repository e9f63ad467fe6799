-- Take from PUBLIC the functions of PostgreSQL that reach beyond a transaction which is rolled back, and
-- give them to the database's owner, who may pass them on, and to our other roles. For a superuser, in
-- this database only; again after an upgrade of PostgreSQL. Does nothing where all is done.
DO $$
DECLARE
    owner   regrole;
    trusted text;
    target  regprocedure;
BEGIN
    -- Two at once would change the same rows.
    PERFORM pg_advisory_xact_lock(hashtextextended('eventlog.protect', 0));
    SELECT d.datdba INTO owner FROM pg_database AS d WHERE d.datname = current_database();
    SELECT string_agg(r.oid::regrole::text, ', ') INTO trusted
    FROM pg_roles AS r
    WHERE r.rolname IN ('eventlog_appender', 'eventlog_projector', 'eventlog_reader')
       OR r.oid = (SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = 'eventlog');
    FOR target IN
{reaching}
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', target);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s WITH GRANT OPTION', target, owner);
        -- None of our work makes large objects, which outlive it.
        IF trusted IS NOT NULL AND target::text !~ '^lo(_|read|write)' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', target, trusted);
        END IF;
    END LOOP;
    -- Which was not so from the beginning.
    FOR target IN
        SELECT DISTINCT f.oid
        FROM pg_proc AS f
        CROSS JOIN LATERAL aclexplode(f.proacl) AS held
        JOIN pg_roles AS r ON r.oid = held.grantee
        WHERE f.pronamespace = 'pg_catalog'::regnamespace AND f.proname ~ '^lo(_|read$|write$)'
          AND r.rolname IN ('eventlog_appender', 'eventlog_projector', 'eventlog_reader')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM eventlog_appender, eventlog_projector, eventlog_reader', target);
    END LOOP;
    IF has_database_privilege('public', current_database(), 'TEMP') THEN
        EXECUTE format('REVOKE TEMP ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT TEMP ON DATABASE %I TO %s WITH GRANT OPTION', current_database(), owner);
        IF trusted IS NOT NULL THEN
            EXECUTE format('GRANT TEMP ON DATABASE %I TO %s', current_database(), trusted);
        END IF;
    END IF;
END
$$;
