-- What a restore or a copy may have left out, and what can be made anew without a guess;
-- re-applied at every migrate, after the roles, functions, partitions and grants. What only a backup can
-- bring back is looked for before: sql/queries/schema/. Where nothing is missing, nothing is written.

-- The log refuses changes. A statement trigger fires only for the table that a statement names, hence one on
-- each table; and in every session only where it is enabled always: in those of replication tools too.
DO $$
DECLARE
    target regclass;
BEGIN
    FOR target IN
        SELECT t.relid FROM pg_partition_tree('eventlog.inbox') AS t
        WHERE NOT EXISTS (
            SELECT FROM pg_trigger AS g WHERE g.tgrelid = t.relid AND g.tgname = 'log_is_append_only'
        )
    LOOP
        EXECUTE format(
            'CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
             FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change()',
            target);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER log_is_append_only', target);
    END LOOP;
END
$$;

-- Without this row no mover can take what publish_events has left.
INSERT INTO eventlog.outbox_claim DEFAULT VALUES ON CONFLICT DO NOTHING;

-- A partition without a claim is projected by nobody.
INSERT INTO eventlog.claims (partition, projection, version)
SELECT b.partition, p.name, p.live_version
FROM eventlog.projections AS p
CROSS JOIN eventlog.partitions AS b
WHERE p.live_version IS NOT NULL
ON CONFLICT DO NOTHING;

-- Acts are recorded by whoever does them, and stay as they are.
DO $$
DECLARE
    noted record;
BEGIN
    FOR noted IN
        SELECT n.name, n.event, n.table_name, n.condition
        FROM (VALUES
            ('act_on_key', 'INSERT', 'keys', ''),
            ('act_on_key_change', 'UPDATE', 'keys', 'WHEN (OLD.* IS DISTINCT FROM NEW.*)'),
            ('act_on_key_secret', 'INSERT', 'key_secrets', ''),
            ('act_on_key_certificate', 'INSERT OR DELETE', 'key_certificates', ''),
            ('act_on_operation', 'INSERT', 'operations', ''),
            ('act_on_operation_end', 'UPDATE', 'operations', 'WHEN (OLD.state = ''running'' AND NEW.state <> ''running'')')
        ) AS n (name, event, table_name, condition)
        WHERE NOT EXISTS (
            SELECT FROM pg_trigger AS t
            WHERE t.tgname = n.name AND t.tgrelid = to_regclass(format('eventlog.%I', n.table_name))
        )
    LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON eventlog.%I FOR EACH ROW %s EXECUTE FUNCTION eventlog.note_act()',
                       noted.name, noted.event, noted.table_name, noted.condition);
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgname = 'acts_are_append_only') THEN
        CREATE TRIGGER acts_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eventlog.acts
            FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();
        ALTER TABLE eventlog.acts ENABLE ALWAYS TRIGGER acts_are_append_only;
    END IF;
END
$$;
