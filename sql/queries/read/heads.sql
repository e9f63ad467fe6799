SELECT partition, eventlog.head_of(partition) AS head
FROM eventlog.partitions
WHERE partition = ANY (%(partitions)s::smallint[])
