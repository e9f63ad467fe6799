-- How far a projection is behind, in deliveries. Asked again and again: only of what is looked at.
SELECT coalesce(sum(eventlog.head_of(partition) - eventlog.checkpoint_of(projection, version, partition)), 0)::bigint AS pending
FROM eventlog.claims
WHERE projection = %(projection)s
