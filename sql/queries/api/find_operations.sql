-- An operation, or the latest ones; one whose session is gone has failed.
SELECT o.id, o.kind, o.projection,
       CASE WHEN orphaned.is_so THEN 'failed' ELSE o.state END AS state,
       o.phase, o.done, o.total,
       o.started_at, o.updated_at, o.finished_at,
       CASE WHEN orphaned.is_so THEN 'its process ended' ELSE o.error END AS error,
       o.detail::text AS detail,
       extract(epoch FROM coalesce(o.finished_at, clock_timestamp()) - o.started_at)::double precision AS elapsed_seconds
FROM eventlog.operations AS o
CROSS JOIN LATERAL (
    SELECT o.state = 'running' AND NOT EXISTS (
        SELECT FROM pg_stat_activity AS a
        WHERE
{include fragments/operation_session.sql}
    ) AS is_so
) AS orphaned
WHERE (%(id)s::uuid IS NULL OR o.id = %(id)s::uuid)
  AND (%(projection)s::text IS NULL OR o.projection = %(projection)s::text)
ORDER BY o.started_at DESC, o.id
LIMIT %(limit)s::integer
