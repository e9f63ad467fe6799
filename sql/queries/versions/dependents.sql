-- What outside of a schema is defined on its tables: views of ours, and views of others.
SELECT DISTINCT n.nspname AS schema_name, c.relname AS name
FROM pg_class AS t
JOIN pg_namespace AS s ON s.oid = t.relnamespace
JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_rewrite AS r ON r.oid = d.objid
JOIN pg_class AS c ON c.oid = r.ev_class
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE s.nspname = %(schema_name)s AND n.nspname <> s.nspname
ORDER BY 1, 2
