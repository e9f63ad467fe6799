-- What the steps do, for the deliveries (first … last) of a partition that nothing is projected of: one
-- sort instead of a look at `seen` for each. The deliveries %(set_aside)s are counted as quarantined.
-- Only the first delivery of an event is read, as in a step.
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT ON (topic, event_id) topic, event_id, position, "timestamp", content_hash
    FROM eventlog.inbox
    WHERE partition = %(partition)s
      AND position BETWEEN %(first)s AND %(last)s
      AND position <> ALL (%(set_aside)s::bigint[])
    ORDER BY topic, event_id, position
), remembered AS (
    INSERT INTO {schema}.seen (position, partition, topic, event_id)
    SELECT position, %(partition)s, topic, event_id
    FROM chosen
), timed AS (
    SELECT topic, "timestamp"
    FROM chosen
    WHERE content_hash IS NOT NULL
    UNION ALL
    SELECT c.topic,
           CASE WHEN event."timestamp" LIKE '____-__-__%%'
                 AND event."timestamp"::timestamptz >= '1970-01-01 00:00:00+00'
                 AND event."timestamp"::timestamptz < '10000-01-01 00:00:00+00'
                 AND event.source IS NOT NULL
                 AND jsonb_typeof(event.payload) = 'object'
                THEN event."timestamp"::timestamptz
                ELSE eventlog.indigestible('it is no event')::timestamptz
           END
    FROM chosen AS c
    CROSS JOIN LATERAL (
        SELECT raw FROM eventlog.inbox WHERE partition = %(partition)s AND position = c.position OFFSET 0
    ) AS i
    CROSS JOIN LATERAL json_to_record(i.raw)
        AS event ("timestamp" text, source text, payload jsonb)
    WHERE c.content_hash IS NULL
), counted AS (
    INSERT INTO {schema}.minutes (minute, events, partition, topic)
    SELECT date_bin('1 minute', "timestamp", '1970-01-01 00:00:00+00'), count(*), %(partition)s, topic
    FROM timed
    GROUP BY topic, 1
    ORDER BY topic, 1
), aside AS (
    SELECT count(*) AS deliveries
    FROM unnest(%(set_aside)s::bigint[]) AS given (position)
    WHERE position BETWEEN %(first)s AND %(last)s
)
SELECT (SELECT count(*) FROM chosen) AS unique_count,
       %(last)s::bigint - %(first)s::bigint + 1 - (SELECT count(*) FROM chosen) - (SELECT deliveries FROM aside)
           AS duplicate_count,
       0::bigint AS conflict_count,
       (SELECT deliveries FROM aside) AS quarantined_count
