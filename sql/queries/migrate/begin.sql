-- One migrate at a time; the lock ends with the transaction.
-- CREATE SCHEMA is tried only where it is missing: IF NOT EXISTS still asks for the right to create.
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('eventlog.migrate', 0));
    IF to_regnamespace('eventlog') IS NULL THEN
        CREATE SCHEMA eventlog;
        COMMENT ON SCHEMA eventlog IS 'The event log: inbox, its books, and stable views of the live projections.';
    END IF;
    CREATE TABLE IF NOT EXISTS eventlog.schema_migrations (
        version    integer     NOT NULL,
        name       text        NOT NULL,
        checksum   text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT migration_by_version PRIMARY KEY (version)
    );
END
$$
