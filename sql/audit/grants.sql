-- The auditor reads the audit views, calls their functions, and has no other right.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO eventlog_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO eventlog_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA audit TO eventlog_reader;
DO $$
BEGIN
    IF to_regrole('eventlog_auditor') IS NULL THEN
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA audit TO eventlog_auditor;
    GRANT SELECT ON ALL TABLES IN SCHEMA audit TO eventlog_auditor;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA audit TO eventlog_auditor;
    IF NOT has_database_privilege('eventlog_auditor', current_database(), 'CONNECT') THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO eventlog_auditor', current_database());
    END IF;
END
$$;
