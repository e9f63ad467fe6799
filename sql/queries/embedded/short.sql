-- name: content
-- How many rows a table has, and a sum over all they hold, which no order of them changes.
SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS digest
FROM {table} AS t

-- name: probe
-- Needs what a session loads from the server's own files when it first calls one of our functions.
DO $$ BEGIN END $$

-- name: size
SELECT pg_database_size(current_database()) AS bytes
