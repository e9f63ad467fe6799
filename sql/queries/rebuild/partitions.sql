SELECT partition FROM eventlog.partitions ORDER BY partition
