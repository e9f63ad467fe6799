-- A partition whose count is its head has no gap; only another one is looked through.
CREATE OR REPLACE VIEW audit.gaps AS
SELECT p.partition, g.position + 1 AS first_missing, g.following - 1 AS last_missing
FROM eventlog.partitions AS p
CROSS JOIN LATERAL (
    SELECT count(*) AS present, coalesce(max(i.position), p.archived_through) AS head
    FROM eventlog.inbox AS i
    WHERE i.partition = p.partition
) AS counted
CROSS JOIN LATERAL (
    SELECT s.position, lead(s.position) OVER (ORDER BY s.position) AS following
    FROM (
        SELECT p.archived_through AS position
        UNION ALL
        SELECT i.position FROM eventlog.inbox AS i WHERE i.partition = p.partition
    ) AS s
    WHERE counted.present <> counted.head - p.archived_through
) AS g
WHERE g.following > g.position + 1;

COMMENT ON VIEW audit.gaps IS
    'Positions that are missing between others: there must be none, ever. Counts every delivery: a second or so for each ten million.';
COMMENT ON COLUMN audit.gaps.partition IS 'The partition.';
COMMENT ON COLUMN audit.gaps.first_missing IS 'The first position that is missing.';
COMMENT ON COLUMN audit.gaps.last_missing IS 'The last one before the log goes on.';
