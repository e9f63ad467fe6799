-- Create the log's partitions 0 … wanted - 1, once. Their number is fixed from then on, since it
-- decides in which partition a topic lives.
--
-- Each partition gets one table over all its positions. To archive old positions later, that
-- table is detached and attached again over two ranges: a rewrite of bounds, not of rows.
CREATE OR REPLACE FUNCTION eventlog.create_partitions(wanted integer)
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    present integer := (SELECT count(*) FROM eventlog.partitions);
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
        INSERT INTO eventlog.partitions (partition) VALUES (number);
    END LOOP;
    RETURN wanted;
END
$$;
