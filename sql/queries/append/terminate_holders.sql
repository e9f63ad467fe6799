-- End the sessions that hold up the given one. Run by somebody else while it waits: afterwards
-- nothing tells who the holder was.
-- Who waits behind others is blocked by the one before it, which is no holder either: only the
-- ends of the chains are, and only if they have been at one thing for long. A queue that moves
-- is no reason, however long it takes. A migration is let be: it is ours, and it ends.
WITH RECURSIVE blocking (pid) AS (
    SELECT unnest(pg_blocking_pids(%(waiting)s))
    UNION
    SELECT blocker
    FROM blocking
    CROSS JOIN LATERAL unnest(pg_blocking_pids(blocking.pid)) AS blocker
)
SELECT holder.pid, pg_terminate_backend(holder.pid) AS terminated
FROM blocking
JOIN pg_stat_activity AS holder USING (pid)
WHERE cardinality(pg_blocking_pids(holder.pid)) = 0
  AND holder.state_change < clock_timestamp() - make_interval(secs => %(held_seconds)s)
  AND holder.application_name NOT IN ('eventlog migrate', 'eventlog install')
