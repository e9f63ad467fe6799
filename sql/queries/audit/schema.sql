-- The audit views and their columns, with what they say of themselves.
SELECT c.relname::text AS name,
       coalesce(obj_description(c.oid, 'pg_class'), '') AS comment,
       json_agg(json_build_object(
           'name', a.attname,
           'type', format_type(a.atttypid, a.atttypmod),
           'comment', coalesce(col_description(c.oid, a.attnum), '')) ORDER BY a.attnum)::text AS columns
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = to_regnamespace('audit') AND c.relkind = 'v'
GROUP BY c.oid, c.relname
ORDER BY c.relname
