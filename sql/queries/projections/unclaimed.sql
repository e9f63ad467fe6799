-- Live projections with partitions that no worker can claim.
SELECT p.name
FROM eventlog.projections AS p
CROSS JOIN eventlog.partitions AS b
LEFT JOIN eventlog.claims AS c
    ON c.partition = b.partition AND c.projection = p.name AND c.version = p.live_version
WHERE p.live_version IS NOT NULL AND c.partition IS NULL
GROUP BY p.name
ORDER BY p.name
