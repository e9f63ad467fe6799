SELECT eventlog.create_partitions(%(wanted)s) AS partitions
