-- The stable views, and which of them read tables of a projection.
SELECT c.relname AS name, pg_get_viewdef(c.oid) AS text,
       EXISTS (
           SELECT
           FROM pg_rewrite AS r
           JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
           JOIN pg_class AS t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid
           JOIN pg_namespace AS n ON n.oid = t.relnamespace
           JOIN eventlog.projection_versions AS v ON v.schema_name = n.nspname
           WHERE r.ev_class = c.oid AND v.projection = %(projection)s
       )
       -- While it is dropped, they read nothing.
       OR pg_get_viewdef(c.oid) LIKE '%%projection_dropped(''' || %(projection)s || '''%%' AS own
FROM pg_class AS c
WHERE c.relnamespace = 'eventlog'::regnamespace AND c.relkind = 'v'
