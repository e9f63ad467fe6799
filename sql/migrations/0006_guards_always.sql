-- The guards of the log fire also where session_replication_role is `replica`, as replication tools set it for a
-- whole database: there the owner's UPDATE and DELETE passed them.
-- Upgrade path: changes a flag of the triggers; no row is read. Locks each table of the log in SHARE ROW EXCLUSIVE
-- for a moment: appends wait for that, reads do not.
DO $$
DECLARE
    target regclass;
BEGIN
    FOR target IN SELECT relid FROM pg_partition_tree('eventlog.inbox') LOOP
        IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND tgname = 'log_is_append_only') THEN
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER log_is_append_only', target);
        END IF;
    END LOOP;
END
$$;
