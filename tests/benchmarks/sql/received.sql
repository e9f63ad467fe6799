SELECT coalesce(sum(eventlog.head_of(partition)), 0)::bigint AS received
FROM eventlog.partitions
