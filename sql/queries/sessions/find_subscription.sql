-- A subscription of logical replication that is on and writes to a table of ours, or to its partitions.
SELECT min(s.subname)
FROM pg_subscription AS s
JOIN pg_subscription_rel AS r ON r.srsubid = s.oid
WHERE s.subenabled
  AND (r.srrelid = {table}::regclass OR r.srrelid IN (SELECT relid FROM pg_partition_tree({table}::regclass)))
