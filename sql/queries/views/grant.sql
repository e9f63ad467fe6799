-- Whoever makes a stable view lets our readers at it; the log's own tables are the owner's to grant.
DO $$
DECLARE
    view regclass;
BEGIN
    FOR view IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relnamespace = 'eventlog'::regnamespace AND c.relkind = 'v'
          AND NOT has_table_privilege('eventlog_reader', c.oid, 'SELECT')
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO eventlog_reader', view);
    END LOOP;
END
$$
