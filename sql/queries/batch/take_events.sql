-- Of the deliveries %(first)s … %(last)s of %(partition)s: remember those that are the first of their
-- event, and return where they are and what the others were.
WITH wanted AS MATERIALIZED (
    SELECT position, topic, event_id
    FROM eventlog.inbox
    WHERE partition = %(partition)s
      AND position BETWEEN %(first)s AND %(last)s
      AND (topic = ANY (%(topics)s::text[]) OR topic ^@ ANY (%(prefixes)s::text[]))
), candidate AS MATERIALIZED (
    SELECT DISTINCT ON (topic, event_id) topic, event_id, position
    FROM wanted
    ORDER BY topic, event_id, position
), fresh AS MATERIALIZED (
    -- One index probe an event, whatever the statistics say: hence LATERAL with OFFSET 0.
    SELECT c.topic, c.event_id, c.position
    FROM candidate AS c
    LEFT JOIN LATERAL (
        SELECT position
        FROM {schema}.seen
        WHERE partition = %(partition)s AND topic = c.topic AND event_id = c.event_id
        OFFSET 0
    ) AS known ON true
    WHERE known.position IS NULL
), remembered AS (
    INSERT INTO {schema}.seen (position, partition, topic, event_id)
    SELECT position, %(partition)s, topic, event_id
    FROM fresh
)
SELECT coalesce((SELECT array_agg(position ORDER BY position) FROM fresh), ARRAY[]::bigint[]) AS positions,
       (SELECT count(*) FROM wanted) AS wanted_count
