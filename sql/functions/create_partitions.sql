-- Create the log's partitions 0 … wanted - 1, once. Their number is fixed from then on, since it
-- decides in which partition a topic lives.
--
-- Each partition gets one table over all its positions. To archive old positions later, that
-- table is detached and attached again over two ranges: a rewrite of bounds, not of rows.
-- A statement trigger fires only for the table that a statement names, hence one on each table; and in every
-- session only where it is enabled always: in those of replication tools too.
CREATE OR REPLACE FUNCTION eventlog.create_partitions(wanted integer)
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    present integer := (SELECT count(*) FROM eventlog.partitions);
    has_lz4 boolean := (SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression');
    target  text;
BEGIN
    IF present > 0 THEN
        RETURN present;
    END IF;
    FOR number IN 0 .. wanted - 1 LOOP
        target := format('inbox_%s', number);
        EXECUTE format(
            'CREATE TABLE eventlog.%I PARTITION OF eventlog.inbox
             FOR VALUES FROM (%s, MINVALUE) TO (%s, MAXVALUE)',
            target, number, number);
        -- An insert-only table: freeze it by inserts, so that no late anti-wraparound storm comes.
        EXECUTE format(
            'ALTER TABLE eventlog.%I SET (autovacuum_vacuum_insert_scale_factor = 0.2, fillfactor = 100)',
            target);
        -- Texts from about 2 kB on are compressed. Of webhooks' bodies lz4 leaves 28 %, at 35 us a body of 9 kB
        -- in all; pglz, which every server has, leaves 31 % at 80 us. Other logs keep what they were made with.
        IF has_lz4 THEN
            EXECUTE format('ALTER TABLE eventlog.%I ALTER COLUMN raw SET COMPRESSION lz4', target);
        END IF;
        EXECUTE format(
            'CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eventlog.%I
             FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change()',
            target);
        EXECUTE format('ALTER TABLE eventlog.%I ENABLE ALWAYS TRIGGER log_is_append_only', target);
        INSERT INTO eventlog.partitions (partition) VALUES (number);
    END LOOP;
    CREATE TRIGGER log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON eventlog.inbox
        FOR EACH STATEMENT EXECUTE FUNCTION eventlog.refuse_change();
    ALTER TABLE eventlog.inbox ENABLE ALWAYS TRIGGER log_is_append_only;
    RETURN wanted;
END
$$;
