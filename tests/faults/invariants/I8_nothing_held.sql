-- At rest, every checkpoint is at its head, the outbox is empty, and no session holds anything.
SELECT format('%s of partition %s is %s behind', c.projection, c.partition,
              eventlog.head_of(c.partition) - eventlog.checkpoint_of(c.projection, c.version, c.partition))
FROM eventlog.claims AS c
WHERE eventlog.head_of(c.partition) <> eventlog.checkpoint_of(c.projection, c.version, c.partition)
UNION ALL
SELECT format('%s events are left in the outbox', count(*)) FROM eventlog.outbox HAVING count(*) > 0
UNION ALL
SELECT format('session %s (%s) is %s', a.pid, a.application_name, a.state)
FROM pg_stat_activity AS a
WHERE a.datname = current_database() AND a.state LIKE 'idle in transaction%' AND a.state_change < now() - interval '1 s'
UNION ALL
SELECT format('prepared transaction %s', x.gid) FROM pg_prepared_xacts AS x WHERE x.database = current_database()
