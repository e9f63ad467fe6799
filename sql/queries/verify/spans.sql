-- What a version has projected, in this snapshot, both ends inclusive.
SELECT b.partition, b.first_position, b.first_position AS first, b.checkpoint AS last
FROM (
    SELECT p.partition, p.first_position,
           eventlog.checkpoint_of(%(projection)s, %(version)s, p.partition) AS checkpoint
    FROM eventlog.partitions AS p
) AS b
WHERE b.checkpoint >= b.first_position
ORDER BY b.partition
