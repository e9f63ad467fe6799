-- How far each projection is behind, in deliveries.
SELECT c.projection, sum(eventlog.head_of(c.partition) - eventlog.checkpoint_of(c.projection, c.version, c.partition))::bigint AS pending
FROM eventlog.claims AS c
GROUP BY c.projection
