-- The log's texts are compressed as the session that appends them says (sql/queries/append/settings.sql), and no
-- longer as the column does: pg_restore into a server without lz4 left out the tables of a log that was made on
-- one with it. What is stored stays as it is, and is read as before.
-- Upgrade path: changes the catalogue alone. Locks each partition of the log in ACCESS EXCLUSIVE for a moment, and
-- waits for transactions that read it; appends wait meanwhile.
DO $$
DECLARE
    target regclass;
BEGIN
    FOR target IN
        SELECT a.attrelid
        FROM pg_inherits AS i
        JOIN pg_attribute AS a ON a.attrelid = i.inhrelid
        WHERE i.inhparent = 'eventlog.inbox'::regclass AND a.attname = 'raw' AND a.attcompression <> ''
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN raw SET COMPRESSION default', target);
    END LOOP;
END
$$;
