-- End the sessions that hold up the given one. Run by somebody else while it waits: afterwards
-- nothing tells who the holder was.
-- Who waits behind others is blocked by the one before it, which is no holder either: only the
-- ends of the chains are. And of these only who has waited for its client for long: that is what
-- no time-out of PostgreSQL's ends. Who got the lock a moment ago, or works, or waits for the disk
-- or a standby, is let be: it would not be faster for being ended.
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
WHERE holder.wait_event_type = 'Client'
  AND holder.state_change < clock_timestamp() - make_interval(secs => %(held_seconds)s)
