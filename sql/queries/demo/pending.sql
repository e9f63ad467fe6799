SELECT coalesce(sum(eventlog.head_of(c.partition) - eventlog.checkpoint_of(c.projection, c.version, c.partition)), 0)::bigint AS pending
FROM eventlog.claims AS c
