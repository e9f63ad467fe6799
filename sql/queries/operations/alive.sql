-- Operations of a kind that the projection can have one of, and whether their sessions still live.
-- FOR UPDATE waits for every transaction that holds the row FOR KEY SHARE: what an operation does,
-- it does under that lock, so nothing of a dead one is still under way once this returns.
SELECT o.id, o.kind,
       EXISTS (
           SELECT FROM pg_stat_activity AS a
           WHERE
{include fragments/operation_session.sql}
       ) AS alive
FROM eventlog.operations AS o
WHERE o.projection = %(projection)s AND o.state = 'running' AND (o.kind = 'verify') = (%(kind)s = 'verify')
FOR UPDATE OF o
