-- Tables of a schema without anything that tells a row from others: under a publication of all tables, PostgreSQL
-- refuses to update and delete in them.
SELECT c.relname
FROM pg_class AS c
WHERE c.relnamespace = %(schema)s::regnamespace
  AND c.relkind IN ('r', 'p')
  AND c.relreplident <> 'f'
  AND NOT EXISTS (
      SELECT FROM pg_index AS i
      WHERE i.indrelid = c.oid AND (i.indisprimary AND c.relreplident = 'd' OR i.indisreplident)
  )
ORDER BY c.relname
