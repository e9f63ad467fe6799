-- What the live versions set aside, by cause: how many, since when, and the latest few of each.
SELECT q.projection, q.sqlstate, q.cause, count(*) AS deliveries,
       min(q.quarantined_at) AS first_at, max(q.quarantined_at) AS last_at,
       (array_agg(q.partition || ':' || q.position ORDER BY q.quarantined_at DESC, q.partition, q.position))
           [1:%(examples)s::integer] AS latest
FROM eventlog.quarantine AS q
JOIN eventlog.projections AS p ON p.name = q.projection AND p.live_version = q.version
WHERE q.topic >= %(topic_from)s::text AND q.topic < %(topic_to)s::text
GROUP BY q.projection, q.sqlstate, q.cause
ORDER BY deliveries DESC, q.projection, q.sqlstate, q.cause
LIMIT %(limit)s::integer
