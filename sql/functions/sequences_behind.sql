-- Sequences whose next number their table has already, as logical replication leaves them: it brings rows and no
-- sequences. Every insert would fail. Ours and the projections'; each with the largest number that is taken.
CREATE OR REPLACE FUNCTION eventlog.sequences_behind()
RETURNS TABLE (sequence regclass, taken bigint)
LANGUAGE plpgsql
AS $$
DECLARE
    column_name name;
    table_name  regclass;
BEGIN
    FOR sequence, table_name, column_name IN
        SELECT s.seqrelid, a.attrelid, a.attname
        FROM pg_sequence AS s
        JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype IN ('i', 'a')
        JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        JOIN pg_class AS c ON c.oid = s.seqrelid
        WHERE s.seqincrement > 0
          AND (c.relnamespace = 'eventlog'::regnamespace
               OR c.relnamespace IN (SELECT to_regnamespace(quote_ident(v.schema_name))
                                     FROM eventlog.projection_versions AS v))
        ORDER BY s.seqrelid
    LOOP
        EXECUTE format(
            'SELECT max(t.%1$I) FROM %2$s AS t HAVING max(t.%1$I) >= (SELECT last_value + is_called::integer FROM %3$s)',
            column_name, table_name, sequence) INTO taken;
        IF taken IS NOT NULL THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
