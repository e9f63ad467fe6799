-- What of each partition is not projected yet, both ends inclusive, the longest first.
SELECT b.partition, b.first_position, b.checkpoint + 1 AS first, b.head AS last
FROM (
    SELECT p.partition, p.first_position,
           eventlog.checkpoint_of(%(projection)s, %(version)s, p.partition) AS checkpoint,
           eventlog.head_of(p.partition) AS head
    FROM eventlog.partitions AS p
) AS b
WHERE b.head > b.checkpoint
ORDER BY b.head - b.checkpoint DESC, b.partition
