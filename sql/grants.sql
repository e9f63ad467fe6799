-- Who may do what; re-applied at every migrate. The log can be added to by one role, and
-- changed by none.
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
GRANT EXECUTE ON FUNCTION eventlog.checkpoint_of, eventlog.head_of, eventlog.partition_of, eventlog.position_at
    TO eventlog_reader;
-- Whoever may read a stable view is told why there is nothing while its projection is dropped.
GRANT EXECUTE ON FUNCTION eventlog.projection_dropped TO PUBLIC;

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
