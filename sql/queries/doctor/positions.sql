-- Of each partition, the newest deliveries: a gap shows as fewer rows than positions.
SELECT p.partition,
       coalesce(r.first, 0) AS first,
       coalesce(r.last, 0) AS last,
       coalesce(r.rows, 0) AS rows,
       greatest(p.first_position, p.head - %(newest)s + 1) AS first_expected,
       p.head
FROM (
    SELECT partition, first_position, eventlog.head_of(partition) AS head FROM eventlog.partitions
) AS p
CROSS JOIN LATERAL (
    SELECT min(i.position) AS first, max(i.position) AS last, count(*) AS rows
    FROM eventlog.inbox AS i
    WHERE i.partition = p.partition
      AND i.position BETWEEN greatest(p.first_position, p.head - %(newest)s + 1) AND p.head
) AS r
ORDER BY p.partition
