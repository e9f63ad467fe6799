SELECT c.partition, eventlog.checkpoint_of(c.projection, c.version, c.partition) AS checkpoint
FROM eventlog.projections AS p
JOIN eventlog.claims AS c ON c.projection = p.name AND c.version = p.live_version
WHERE p.name = %(projection)s
