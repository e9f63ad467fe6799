-- Of each partition of the log: is there a table that its deliveries go into, what is its head, and through
-- which position was it projected, by whatever version. And tables of partitions that are in no book.
WITH attached AS MATERIALIZED (
    SELECT DISTINCT substring(pg_get_expr(c.relpartbound, c.oid) FROM '^FOR VALUES FROM \(''?(\d+)')::smallint AS partition
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'eventlog.inbox'::regclass
)
SELECT coalesce(p.partition, a.partition) AS partition,
       p.partition IS NOT NULL AS is_known,
       a.partition IS NOT NULL AS has_table,
       greatest((SELECT max(i.position) FROM eventlog.inbox AS i WHERE i.partition = p.partition),
                p.archived_through, 0) AS head,
       coalesce((
           SELECT max(s.last)
           FROM eventlog.projection_versions AS v
           CROSS JOIN LATERAL (
               SELECT s.last FROM eventlog.steps AS s
               WHERE s.partition = p.partition AND s.projection = v.projection AND s.version = v.version
               ORDER BY s.first DESC
               LIMIT 1
           ) AS s
       ), 0) AS projected
FROM eventlog.partitions AS p
FULL JOIN attached AS a USING (partition)
ORDER BY 1
