-- What the live version set aside, and what a dropped one did for reasons that its content does not
-- show (kept as version 0): input to a replay.
SELECT DISTINCT ON (q.partition, q.position) q.partition, q.position, q.sqlstate, q.cause
FROM eventlog.quarantine AS q
JOIN eventlog.projections AS p ON p.name = q.projection
WHERE q.projection = %(projection)s AND q.version IN (0, p.live_version, %(version)s)
ORDER BY q.partition, q.position, q.version DESC
