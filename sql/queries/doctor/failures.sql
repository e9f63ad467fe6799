-- What projections fail of now: failures that no later step of the same claim has made out of date.
SELECT f.projection, count(*) AS partitions, min(f.cause) AS cause
FROM eventlog.failures AS f
JOIN eventlog.projections AS p ON p.name = f.projection AND p.live_version = f.version
WHERE f.failed_at > coalesce((
    SELECT max(s.projected_at) FROM eventlog.steps AS s
    WHERE s.partition = f.partition AND s.projection = f.projection AND s.version = f.version
), '-infinity')
GROUP BY f.projection
ORDER BY f.projection
