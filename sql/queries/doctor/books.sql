-- Of each live projection and partition, in one snapshot: what there is, what the steps say was
-- projected, and since when the oldest delivery has been waiting.
SELECT b.projection, b.partition, b.head, b.checkpoint,
       coalesce(s.counted, 0)::bigint AS counted,
       greatest(extract(epoch FROM clock_timestamp() - (
           SELECT i.received_at FROM eventlog.inbox AS i
           WHERE i.partition = b.partition AND i.position = b.checkpoint + 1
       )), 0)::double precision AS waiting_seconds
FROM (
    SELECT j.name AS projection, j.live_version, p.partition,
           eventlog.head_of(p.partition) AS head,
           eventlog.checkpoint_of(j.name, j.live_version, p.partition) AS checkpoint
    FROM eventlog.projections AS j
    CROSS JOIN eventlog.partitions AS p
    WHERE j.live_version IS NOT NULL
) AS b
LEFT JOIN LATERAL (
    SELECT sum(unique_count + duplicate_count + quarantined_count + ignored_count) AS counted
    FROM eventlog.steps
    WHERE partition = b.partition AND projection = b.projection AND version = b.live_version
) AS s ON true
ORDER BY b.projection, b.partition
