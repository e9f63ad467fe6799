-- What each table takes on disk, its text kept apart with it, and how many dead rows it has.
SELECT n.nspname || '.' || c.relname AS name, pg_table_size(c.oid) AS table_bytes, pg_indexes_size(c.oid) AS index_bytes,
       coalesce(pg_stat_get_dead_tuples(c.oid), 0) AS dead_rows
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND pg_table_size(c.oid) + pg_indexes_size(c.oid) > 0
ORDER BY 1
