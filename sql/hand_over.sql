-- What belongs to projections is the operator's, where there is one; re-applied at every migrate, since what came by
-- a restore, or before the logins were apart, is the owner's. Where nothing is to be handed over, nothing is locked.
DO $$
DECLARE
    operator regrole := to_regrole(eventlog.operator_role());
    command  text;
BEGIN
    IF operator IS NULL THEN
        RETURN;
    END IF;
    FOR command IN
        WITH schemas AS (
            SELECT n.oid, n.nspname, n.nspowner
            FROM pg_namespace AS n
            WHERE n.nspname = 'audit' OR n.nspname ~ '^audit_before_[0-9]+$'
               OR n.nspname IN (SELECT v.schema_name FROM eventlog.projection_versions AS v)
        )
        SELECT o.command
        FROM (
            SELECT 1 AS place, s.nspowner AS owner, format('SCHEMA %I', s.nspname) AS command FROM schemas AS s
            UNION ALL
            -- An identity's sequence goes with its table.
            SELECT 2, c.relowner,
                   format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                                                     WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname)
            FROM pg_class AS c
            JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE (c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relnamespace IN (SELECT s.oid FROM schemas AS s)
                   OR c.relkind = 'v' AND n.nspname = 'eventlog')
              AND NOT EXISTS (
                  SELECT FROM pg_depend AS d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                    AND d.refclassid = 'pg_class'::regclass AND c.relkind = 'S'
              )
            UNION ALL
            SELECT 3, f.proowner, 'ROUTINE ' || f.oid::regprocedure
            FROM pg_proc AS f WHERE f.pronamespace IN (SELECT s.oid FROM schemas AS s)
            UNION ALL
            SELECT 4, t.typowner, 'TYPE ' || t.oid::regtype
            FROM pg_type AS t
            WHERE t.typnamespace IN (SELECT s.oid FROM schemas AS s)
              AND (t.typtype IN ('d', 'e', 'r')
                   OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class AS c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
        ) AS o
        WHERE o.owner <> operator
        ORDER BY o.place
    LOOP
        EXECUTE format('ALTER %s OWNER TO %s', command, operator);
    END LOOP;
END
$$;
