-- Every table of the database, and how to name it.
SELECT format('%I.%I', n.nspname, c.relname) AS name, n.nspname::text AS schema, c.relname::text AS relation
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
ORDER BY 1
