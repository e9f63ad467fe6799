-- What others than its owner have made in our schema, besides the stable views: the owner's own statements could
-- call it. No row where the logins are not apart.
SELECT o.name || ', of ' || o.owner::regrole AS name
FROM (
    SELECT 'function ' || f.oid::regprocedure AS name, f.proowner AS owner
    FROM pg_proc AS f WHERE f.pronamespace = to_regnamespace('eventlog')
    UNION ALL
    SELECT 'operator ' || f.oid::regoperator, f.oprowner
    FROM pg_operator AS f WHERE f.oprnamespace = to_regnamespace('eventlog')
    UNION ALL
    SELECT 'relation ' || c.oid::regclass, c.relowner
    FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('eventlog') AND c.relkind IN ('r', 'p', 'm', 'f', 'S')
    UNION ALL
    SELECT 'type ' || t.oid::regtype, t.typowner
    FROM pg_type AS t
    WHERE t.typnamespace = to_regnamespace('eventlog') AND t.typtype IN ('d', 'e', 'r', 'm')
) AS o
JOIN pg_namespace AS n ON n.oid = to_regnamespace('eventlog')
WHERE o.owner <> n.nspowner
  AND pg_has_role(o.owner, to_regrole('eventlog_operator'), 'MEMBER')
  AND NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.oid = o.owner)
ORDER BY 1
