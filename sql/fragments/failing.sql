-- What projections fail of now: failures that no later step of the same claim has made out of date, and
-- deliveries that have ended their worker.
SELECT f.projection, f.version, f.partition, f.failed_at, f.cause
FROM eventlog.failures AS f
WHERE f.failed_at > coalesce((
    SELECT max(s.projected_at) FROM eventlog.steps AS s
    WHERE s.partition = f.partition AND s.projection = f.projection AND s.version = f.version
), '-infinity')
UNION ALL
SELECT a.projection, a.version, a.partition, NULL,
       concat('one of the deliveries ', a.partition, ':', a.first, ' to ', a.through,
              ' kills or hangs its worker; it is being looked for')
FROM eventlog.attempts AS a
WHERE a.through IS NOT NULL
