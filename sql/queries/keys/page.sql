-- Some keys in the order in which they were made, after one of them, or from the first on.
{include fragments/listed_keys.sql}
LEFT JOIN eventlog.keys AS before ON before.id = %(after)s
WHERE %(after)s::text IS NULL OR (k.created_at, k.id) > (before.created_at, before.id)
ORDER BY k.created_at, k.id
LIMIT %(limit)s
