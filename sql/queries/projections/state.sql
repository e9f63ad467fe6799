-- Each projection, or one: what is live, how far it is, what is done to it, all from one snapshot.
-- The rate is that of the last minute's steps, without those that were added up into one.
WITH wanted AS MATERIALIZED (
    SELECT p.name, p.live_version AS version, v.definition
    FROM eventlog.projections AS p
    LEFT JOIN eventlog.projection_versions AS v ON v.projection = p.name AND v.version = p.live_version
    WHERE %(name)s::text IS NULL OR p.name = %(name)s::text
), place AS MATERIALIZED (
    SELECT w.name, b.partition, b.first_position,
           eventlog.checkpoint_of(w.name, w.version, b.partition) AS checkpoint,
           eventlog.head_of(b.partition) AS head
    FROM wanted AS w
    CROSS JOIN eventlog.partitions AS b
), progress AS MATERIALIZED (
    SELECT p.name,
           sum(p.head - p.checkpoint)::bigint AS lag_deliveries,
           greatest(extract(epoch FROM clock_timestamp() - min(waiting.received_at)), 0)::double precision
               AS lag_seconds,
           json_agg(json_build_object(
               'partition', p.partition, 'checkpoint', p.checkpoint, 'head', p.head,
               'lag_deliveries', p.head - p.checkpoint,
               'lag_seconds', CASE WHEN p.checkpoint IS NOT NULL THEN
                   greatest(extract(epoch FROM clock_timestamp() - waiting.received_at), 0)
               END) ORDER BY p.partition) AS partitions
    FROM place AS p
    LEFT JOIN LATERAL (
        SELECT received_at FROM eventlog.inbox AS i
        WHERE i.partition = p.partition AND i.position = p.checkpoint + 1
        OFFSET 0
    ) AS waiting ON true
    GROUP BY p.name
), under_way AS MATERIALIZED (
    SELECT DISTINCT ON (o.projection) o.projection, o.id, o.kind, o.phase, o.done, o.total,
           extract(epoch FROM clock_timestamp() - o.started_at)::double precision AS elapsed_seconds
    FROM eventlog.operations AS o
    JOIN pg_stat_activity AS a ON
{include fragments/operation_session.sql}
    WHERE o.state = 'running'
    ORDER BY o.projection, (o.kind = 'verify'), o.started_at
)
SELECT w.name,
       CASE
           WHEN u.kind = 'rebuild' THEN 'rebuilding'
           WHEN w.version IS NULL THEN 'dropped'
           ELSE 'live'
       END AS state,
       w.version, w.definition,
       progress.lag_deliveries, progress.lag_seconds,
       coalesce(progress.partitions, '[]'::json)::text AS partitions,
       coalesce((
           SELECT sum(s.last - s.first + 1) / 60.0
           FROM eventlog.steps AS s
           JOIN eventlog.partitions AS b ON b.partition = s.partition
           WHERE s.projection = w.name AND s.version = w.version AND s.first > b.first_position
             AND s.projected_at > clock_timestamp() - interval '1 minute'
       ), 0)::double precision AS rate,
       (SELECT count(*) FROM eventlog.quarantine AS q
        WHERE q.projection = w.name AND q.version = w.version) AS quarantined,
       (SELECT j.cause
        FROM (
{include fragments/failing.sql}
        ) AS j
        WHERE j.projection = w.name AND j.version = w.version
        ORDER BY j.failed_at DESC NULLS LAST, j.partition
        LIMIT 1
       ) AS failure,
       u.id AS operation, u.kind AS operation_kind, u.phase, u.done, u.total, u.elapsed_seconds
FROM wanted AS w
LEFT JOIN progress ON progress.name = w.name
LEFT JOIN under_way AS u ON u.projection = w.name
ORDER BY w.name
