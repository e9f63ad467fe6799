-- Operations of a kind that the projection can have one of, and whether their sessions still live.
-- FOR UPDATE waits for every transaction that holds the row FOR KEY SHARE: what an operation does,
-- it does under that lock, so nothing of a dead one is still under way once this returns.
SELECT o.id, o.kind,
       EXISTS (
           SELECT FROM pg_stat_activity AS a
           WHERE a.pid = o.backend_pid AND CASE WHEN o.backend_started_at = '-infinity' THEN a.application_name LIKE 'eventlog %%'
              ELSE coalesce(a.backend_start, o.backend_started_at) = o.backend_started_at
         END
       ) AS alive
FROM eventlog.operations AS o
WHERE o.projection = %(projection)s AND o.state = 'running' AND (o.kind = 'verify') = (%(kind)s = 'verify')
FOR UPDATE OF o
