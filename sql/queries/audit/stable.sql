SELECT c.relname::text AS name, pg_get_viewdef(c.oid) AS text
FROM pg_class AS c
WHERE c.relnamespace = 'eventlog'::regnamespace AND c.relkind = 'v' AND c.relname = ANY (%(names)s)
ORDER BY c.relname
