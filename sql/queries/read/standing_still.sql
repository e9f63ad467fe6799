-- Live projections that stand still: made by other code than was installed last, or with work and without a step
-- for so many seconds. Time counts from the last step, or from when the oldest delivery that waits was received,
-- if that is later.
SELECT p.name,
       coalesce(p.wanted_definition <> v.definition, false) AS changed,
       sum(place.head - place.checkpoint)::bigint AS pending,
       greatest(extract(epoch FROM clock_timestamp()
           - greatest(max(place.projected_at), min(waiting.received_at))), 0)::double precision AS seconds
FROM eventlog.projections AS p
JOIN eventlog.projection_versions AS v ON v.projection = p.name AND v.version = p.live_version
CROSS JOIN eventlog.partitions AS b
CROSS JOIN LATERAL (
    SELECT eventlog.head_of(b.partition) AS head,
           coalesce(step.last, b.archived_through) AS checkpoint,
           step.projected_at
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
        SELECT s.last, s.projected_at FROM eventlog.steps AS s
        WHERE s.partition = b.partition AND s.projection = p.name AND s.version = p.live_version
        ORDER BY s.first DESC
        LIMIT 1
    ) AS step ON true
    OFFSET 0
) AS place
LEFT JOIN LATERAL (
    SELECT i.received_at FROM eventlog.inbox AS i
    WHERE i.partition = b.partition AND i.position = place.checkpoint + 1 AND place.checkpoint < place.head
    OFFSET 0
) AS waiting ON true
GROUP BY p.name, p.wanted_definition, v.definition
HAVING p.wanted_definition <> v.definition
    OR sum(place.head - place.checkpoint) > 0
       AND clock_timestamp() - greatest(max(place.projected_at), min(waiting.received_at))
           > make_interval(secs => %(seconds)s)
ORDER BY p.name
