-- What projections fail of now: failures that no later step of the same claim has made out of date, and
-- deliveries that have ended their worker.
SELECT j.projection, count(*) AS partitions, min(j.cause) AS cause
FROM (
    SELECT f.projection, f.version, f.cause
    FROM eventlog.failures AS f
    WHERE f.failed_at > coalesce((
        SELECT max(s.projected_at) FROM eventlog.steps AS s
        WHERE s.partition = f.partition AND s.projection = f.projection AND s.version = f.version
    ), '-infinity')
    UNION ALL
    SELECT a.projection, a.version,
           format('one of the deliveries %s:%s to %s kills or hangs its worker; it is being looked for',
                  a.partition, a.first, a.through)
    FROM eventlog.attempts AS a
    WHERE a.through IS NOT NULL
) AS j
JOIN eventlog.projections AS p ON p.name = j.projection AND p.live_version = j.version
GROUP BY j.projection
ORDER BY j.projection
