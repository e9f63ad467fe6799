-- All keys, or the one of an id.
{include fragments/listed_keys.sql}
WHERE %(id)s::text IS NULL OR k.id = %(id)s::text
ORDER BY k.created_at, k.id
