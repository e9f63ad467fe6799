-- Take the stable views off the tables of a version that is to be dropped. They stay, so that grants and
-- the views that others have defined on them stay, but reading them raises. OFFSET 0, or a condition on
-- their NULLs would be found false in planning, and nothing be read nor raised.
CREATE OR REPLACE FUNCTION eventlog.unplug_views(wanted_schema text, wanted_projection text)
RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
    stable  record;
    number  integer := 0;
BEGIN
    FOR stable IN
        SELECT c.oid, c.relname,
               string_agg(
                   format('NULL::%s%s AS %I', format_type(a.atttypid, a.atttypmod),
                          CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation
                               THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END,
                          a.attname),
                   ', ' ORDER BY a.attnum) AS columns
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type AS t ON t.oid = a.atttypid
        WHERE n.nspname = 'eventlog' AND c.relkind = 'v'
          AND EXISTS (
              SELECT FROM pg_rewrite AS r
              JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                   AND d.refclassid = 'pg_class'::regclass
              JOIN pg_class AS base ON base.oid = d.refobjid
              JOIN pg_namespace AS s ON s.oid = base.relnamespace
              WHERE r.ev_class = c.oid AND s.nspname = wanted_schema
          )
        GROUP BY c.oid, c.relname
        ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE OR REPLACE VIEW eventlog.%I AS SELECT %s WHERE eventlog.projection_dropped(%L) OFFSET 0',
                       stable.relname, stable.columns, wanted_projection);
        number := number + 1;
    END LOOP;
    RETURN number;
END
$$;
