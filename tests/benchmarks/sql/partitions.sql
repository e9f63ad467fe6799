SELECT count(*) AS partitions FROM eventlog.partitions
