-- Subscriptions of logical replication that are on and write to tables of ours.
SELECT s.subname::text AS name, array_agg(DISTINCT r.srrelid::regclass::text ORDER BY r.srrelid::regclass::text) AS tables
FROM pg_subscription AS s
JOIN pg_subscription_rel AS r ON r.srsubid = s.oid
JOIN pg_class AS c ON c.oid = r.srrelid
WHERE s.subenabled
  AND (c.relnamespace = 'eventlog'::regnamespace
       OR c.relnamespace IN (SELECT to_regnamespace(quote_ident(v.schema_name)) FROM eventlog.projection_versions AS v))
GROUP BY s.subname
ORDER BY s.subname
