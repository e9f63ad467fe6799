-- What step.sql does, for the deliveries (first … last) of a partition that nothing is projected of:
-- one sort instead of a look at `events` for each. The deliveries %(set_aside)s are counted as
-- quarantined.
WITH played AS MATERIALIZED (
    SELECT position, topic, event_id, source, "timestamp", content_hash,
           first_value(position) OVER event AS first_position,
           first_value(content_hash) OVER event AS first_hash
    FROM (
        SELECT position, topic, event_id, source, "timestamp", content_hash
        FROM eventlog.inbox
        WHERE partition = %(partition)s
          AND position BETWEEN %(first)s AND %(last)s
          AND content_hash IS NOT NULL
          AND position <> ALL (%(set_aside)s::bigint[])
        UNION ALL
        SELECT i.position, i.topic, i.event_id, event.source,
{include fragments/unread_timestamp.sql},
{include fragments/unread_content_hash.sql}
        FROM eventlog.inbox AS i
        CROSS JOIN LATERAL
{include fragments/unread_event.sql}
        WHERE i.partition = %(partition)s
          AND i.position BETWEEN %(first)s AND %(last)s
          AND i.content_hash IS NULL
          AND i.position <> ALL (%(set_aside)s::bigint[])
    ) AS batch
    -- The id before the topic: few topics share a partition, so comparing them first settles nothing.
    WINDOW event AS (PARTITION BY event_id, topic ORDER BY position)
), new_events AS (
    INSERT INTO {schema}.events (position, "timestamp", content_hash, partition, topic, event_id, source)
    SELECT position, "timestamp", content_hash, %(partition)s, topic, event_id, source
    FROM played
    WHERE position = first_position
), repeated AS MATERIALIZED (
    SELECT r.position, r.topic, r.event_id, r.first_position,
           CASE WHEN r.content_hash = r.first_hash THEN false
                ELSE (
                    SELECT (first.source, first.payload) IS DISTINCT FROM (again.source, again.payload)
                    FROM eventlog.inbox AS f
                    CROSS JOIN eventlog.inbox AS a
                    CROSS JOIN LATERAL json_to_record(f.raw) AS first (source text, payload jsonb)
                    CROSS JOIN LATERAL json_to_record(a.raw) AS again (source text, payload jsonb)
                    WHERE f.partition = %(partition)s AND f.position = r.first_position
                      AND a.partition = %(partition)s AND a.position = r.position
                )
           END AS differs
    FROM played AS r
    WHERE r.position <> r.first_position
), new_duplicates AS (
    INSERT INTO {schema}.duplicates (first_position, position, partition)
    SELECT first_position, position, %(partition)s
    FROM repeated
), new_conflicts AS (
    INSERT INTO {schema}.conflicts (first_position, position, partition, topic, event_id)
    SELECT first_position, position, %(partition)s, topic, event_id
    FROM repeated
    WHERE differs
), counted AS (
    SELECT topic,
           sum(unique_count)::bigint AS unique_count,
           sum(duplicate_count)::bigint AS duplicate_count,
           sum(conflict_count)::bigint AS conflict_count,
           sum(quarantined_count)::bigint AS quarantined_count
    FROM (
        SELECT topic, count(*) FILTER (WHERE position = first_position),
               count(*) FILTER (WHERE position <> first_position), 0, 0
        FROM played
        GROUP BY topic
        UNION ALL
        SELECT topic, 0, 0, count(*), 0
        FROM repeated
        WHERE differs
        GROUP BY topic
        UNION ALL
        SELECT topic, 0, 0, 0, count(*)
        FROM eventlog.inbox
        WHERE partition = %(partition)s
          AND position = ANY (%(set_aside)s::bigint[])
        GROUP BY topic
    ) AS part (topic, unique_count, duplicate_count, conflict_count, quarantined_count)
    GROUP BY topic
), new_deltas AS (
    INSERT INTO {schema}.stats_deltas
        (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic)
    SELECT %(first)s, unique_count, duplicate_count, conflict_count, quarantined_count, %(partition)s, topic
    FROM counted
)
SELECT coalesce(sum(unique_count), 0)::bigint AS unique_count,
       coalesce(sum(duplicate_count), 0)::bigint AS duplicate_count,
       coalesce(sum(conflict_count), 0)::bigint AS conflict_count,
       coalesce(sum(quarantined_count), 0)::bigint AS quarantined_count
FROM counted
