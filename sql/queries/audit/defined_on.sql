-- What others have defined on the audit views and functions, or in their schema, where nothing of ours is
-- without a comment. Their rights on it are no part of this: those can be given anew.
WITH ours AS (
    SELECT 'pg_class'::regclass AS class, c.oid
    FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('audit') AND c.relkind = 'v' AND obj_description(c.oid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT 'pg_proc'::regclass, f.oid
    FROM pg_proc AS f
    WHERE f.pronamespace = to_regnamespace('audit') AND obj_description(f.oid, 'pg_proc') IS NOT NULL
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid FROM pg_type AS t WHERE t.typnamespace = to_regnamespace('audit')
)
SELECT DISTINCT coalesce(r.ev_class::regclass::text, pg_describe_object(d.classid, d.objid, d.objsubid)) AS object
FROM (
    SELECT d.classid, d.objid, d.objsubid
    FROM ours AS o
    JOIN pg_depend AS d ON d.refclassid = o.class AND d.refobjid = o.oid
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, 0 FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('audit')
    UNION ALL
    SELECT 'pg_proc'::regclass, f.oid, 0 FROM pg_proc AS f WHERE f.pronamespace = to_regnamespace('audit')
) AS d
LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
WHERE NOT EXISTS (
    SELECT
    FROM ours AS o
    WHERE o.class = d.classid AND o.oid = d.objid
       OR o.class = 'pg_class'::regclass AND o.oid = r.ev_class
)
ORDER BY 1
