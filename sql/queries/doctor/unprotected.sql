-- Tables of the log on which a change would not be refused. The trigger must be there on each of
-- them, enabled always, before the statement (2), for DELETE (8), UPDATE (16) and TRUNCATE (32).
SELECT c.relname::text AS table_name
FROM pg_partition_tree('eventlog.inbox') AS tree
JOIN pg_class AS c ON c.oid = tree.relid
WHERE NOT EXISTS (
    SELECT FROM pg_trigger AS t
    WHERE t.tgrelid = c.oid
      AND t.tgfoid = 'eventlog.refuse_change()'::regprocedure
      AND t.tgenabled = 'A'
      AND t.tgtype & 63 = 58
)
ORDER BY c.relname
