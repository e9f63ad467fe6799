-- Who may do what; re-applied at every migrate. One role alone may add to the log,
-- eventlog_appender, and nobody may change it (sql/functions/refuse_change.sql).
REVOKE ALL ON ALL TABLES IN SCHEMA eventlog FROM PUBLIC, eventlog_appender, eventlog_projector;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA eventlog FROM PUBLIC, eventlog_appender, eventlog_projector, eventlog_reader;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA eventlog FROM eventlog_reader;
GRANT USAGE ON SCHEMA eventlog TO eventlog_appender, eventlog_projector, eventlog_reader;

-- Not received_at: its default is the one clock of the log.
GRANT INSERT (partition, position, request_id, format, topic, event_id, publisher, headers, raw,
    "timestamp", source, content_hash)
    ON eventlog.inbox TO eventlog_appender;
GRANT EXECUTE ON FUNCTION eventlog.lock_partitions TO eventlog_appender;
GRANT EXECUTE ON FUNCTION eventlog.lock_outbox TO eventlog_appender;
GRANT INSERT (key_id, events) ON eventlog.key_days TO eventlog_appender;
GRANT SELECT, DELETE ON eventlog.outbox TO eventlog_appender;
GRANT SELECT, INSERT, DELETE ON eventlog.refused_publishes TO eventlog_appender;

GRANT SELECT ON eventlog.inbox, eventlog.partitions, eventlog.projections, eventlog.projection_versions,
    eventlog.claims TO eventlog_projector;
GRANT SELECT, INSERT, DELETE ON eventlog.steps, eventlog.quarantine, eventlog.failures, eventlog.worker_sessions
    TO eventlog_projector;
GRANT SELECT, INSERT ON eventlog.retries TO eventlog_projector;
GRANT SELECT, INSERT, UPDATE, DELETE ON eventlog.attempts TO eventlog_projector;
GRANT EXECUTE ON FUNCTION eventlog.take_claims, eventlog.checkpoint_of, eventlog.head_of, eventlog.indigestible
    TO eventlog_projector;

-- All there is, the stable views of the live projections with it.
GRANT SELECT ON ALL TABLES IN SCHEMA eventlog TO eventlog_reader;
-- Not even the digests of secrets are for readers.
REVOKE SELECT ON eventlog.key_secrets FROM eventlog_reader;
GRANT EXECUTE ON FUNCTION eventlog.checkpoint_of, eventlog.head_of, eventlog.partition_of, eventlog.position_at,
    eventlog.operator_role, eventlog.login_of
    TO eventlog_reader;
-- Whoever may read a stable view is told why there is nothing while its projection is dropped.
GRANT EXECUTE ON FUNCTION eventlog.projection_dropped TO PUBLIC;

-- Where the logins are apart (`eventlog migrate --roles`), what the owner does elsewhere beside migrating: keys,
-- operations, projections, the record of questions. It is a projector and a reader besides. A rule, so that a new table follows it: all of our tables but the
-- log itself, and what says where it begins and which schema this is.
DO $$
DECLARE
    target  regclass;
    is_log  boolean;
BEGIN
    IF eventlog.operator_role() IS NULL THEN
        RETURN;
    END IF;
    FOR target, is_log IN
        SELECT c.oid,
               c.relname IN ('partitions', 'schema_migrations', 'outbox', 'outbox_claim', 'acts')
               OR c.oid IN (SELECT t.relid FROM pg_partition_tree('eventlog.inbox') AS t)
        FROM pg_class AS c
        WHERE c.relnamespace = 'eventlog'::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM eventlog_operator', target);
        EXECUTE format('GRANT %s ON %s TO eventlog_operator',
                       CASE WHEN is_log THEN 'SELECT' ELSE 'SELECT, INSERT, UPDATE, DELETE' END, target);
    END LOOP;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA eventlog FROM eventlog_operator;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA eventlog TO eventlog_operator;
    GRANT EXECUTE ON FUNCTION eventlog.make_schema, eventlog.set_audit_aside, eventlog.unplug_views,
        eventlog.sequences_behind
        TO eventlog_operator;
END
$$;

-- To its database the role that asks in SQL is let by name, since not everybody may be.
DO $$
BEGIN
    IF to_regrole('eventlog_auditor') IS NOT NULL
       AND NOT has_database_privilege('eventlog_auditor', current_database(), 'CONNECT') THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO eventlog_auditor', current_database());
    END IF;
END
$$;

-- Where the catalogue is protected (sql/audit/privileges.sql), the owner holds what was taken from PUBLIC,
-- and our own roles get it from there.
DO $$
DECLARE
    target regprocedure;
BEGIN
    FOR target IN
        SELECT f.oid
        FROM pg_proc AS f
        CROSS JOIN LATERAL aclexplode(f.proacl) AS held
        WHERE f.pronamespace = 'pg_catalog'::regnamespace
          AND held.grantee = current_user::regrole AND held.is_grantable
          -- None of our work makes large objects, which outlive it.
          AND f.proname !~ '^lo(_|read$|write$)'
          AND NOT has_function_privilege('eventlog_reader', f.oid, 'EXECUTE')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO eventlog_appender, eventlog_projector, eventlog_reader',
                       target);
    END LOOP;
    IF NOT has_database_privilege('eventlog_projector', current_database(), 'TEMP') THEN
        EXECUTE format('GRANT TEMP ON DATABASE %I TO eventlog_appender, eventlog_projector, eventlog_reader',
                       current_database());
    END IF;
END
$$;
