-- The rows of any table, but for when they were projected.
SELECT {name} AS relation,
       coalesce((row_text ->> 'partition')::smallint, -1::smallint) AS partition,
       (row_text ->> 'position')::bigint AS position,
       row_text::text AS content
FROM (SELECT to_jsonb(t) - 'processed_at' AS row_text FROM {schema}.{table} AS t) AS rows
