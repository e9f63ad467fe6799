-- How many rows a table has, and a sum over all they hold, which no order of them changes.
SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS digest
FROM {table} AS t
