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
-- Asked once for each: hence OFFSET 0.
CROSS JOIN LATERAL (
    SELECT eventlog.head_of(c.partition) - eventlog.checkpoint_of(c.projection, c.version, c.partition) AS lag
    OFFSET 0
) AS behind
WHERE v.definition = ANY (%(definitions)s)
  AND behind.lag > 0
ORDER BY behind.lag DESC, c.partition
