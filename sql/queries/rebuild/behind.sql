-- How far a version is behind another, or behind the log where that is NULL, in deliveries.
SELECT coalesce(sum(greatest(
           coalesce(eventlog.checkpoint_of(%(projection)s, %(live)s::integer, p.partition), eventlog.head_of(p.partition))
           - eventlog.checkpoint_of(%(projection)s, %(version)s, p.partition), 0)), 0)::bigint AS behind
FROM eventlog.partitions AS p
