-- Where the wanted ones of the deliveries %(first)s … %(last)s of %(partition)s are, repeats and all.
SELECT coalesce(array_agg(position ORDER BY position), ARRAY[]::bigint[]) AS positions, count(*) AS wanted_count
FROM eventlog.inbox
WHERE partition = %(partition)s
  AND position BETWEEN %(first)s AND %(last)s
  AND (topic = ANY (%(topics)s::text[]) OR topic ^@ ANY (%(prefixes)s::text[]))
