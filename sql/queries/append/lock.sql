SELECT partition, head FROM eventlog.lock_partitions(%(partitions)s::smallint[])
