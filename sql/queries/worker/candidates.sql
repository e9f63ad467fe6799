-- Where there is work, the longest lag first. Read before anything is claimed: an empty claim
-- would burn a transaction id. Only versions whose definition is the one that this code has.
SELECT c.projection, c.version, c.partition, v.schema_name,
       behind.lag,
       EXISTS (
           SELECT FROM eventlog.attempts AS a
           WHERE a.partition = c.partition AND a.projection = c.projection AND a.version = c.version
       ) AS suspected
FROM eventlog.claims AS c
JOIN eventlog.projection_versions AS v ON v.projection = c.projection AND v.version = c.version
JOIN eventlog.partitions AS p ON p.partition = c.partition
-- What head_of and checkpoint_of say, written out: asked for every claim at every step, the calls would cost
-- three times as much. Asked once for each: hence OFFSET 0.
CROSS JOIN LATERAL (
    SELECT greatest((SELECT max(position) FROM eventlog.inbox WHERE partition = c.partition), p.archived_through)
        - coalesce((
            SELECT s.last FROM eventlog.steps AS s
            WHERE s.partition = c.partition AND s.projection = c.projection AND s.version = c.version
            ORDER BY s.first DESC
            LIMIT 1
        ), p.archived_through) AS lag
    OFFSET 0
) AS behind
WHERE v.definition = ANY (%(definitions)s)
  AND behind.lag > 0
ORDER BY behind.lag DESC, c.partition
