-- Received = unique + duplicate + quarantined, of the live core projection, when nothing is pending.
SELECT count(*) AS looked_at,
       count(*) FILTER (WHERE received <> coalesce(counted, 0)) AS wrong
FROM (
    SELECT p.partition,
           (SELECT count(*) FROM eventlog.inbox AS i WHERE i.partition = p.partition) AS received,
           (SELECT sum(s.unique_count + s.duplicate_count + s.quarantined_count)
            FROM eventlog.steps AS s
            JOIN eventlog.projections AS j ON j.name = s.projection AND j.live_version = s.version
            WHERE s.partition = p.partition AND s.projection = 'core') AS counted
    FROM eventlog.partitions AS p
) AS b
