-- Project the deliveries (first … last) of one partition and return what they were.
--
-- One statement. The claim of the partition is held, so what is in `events` stays as it is
-- meanwhile, and a key that is not there can be inserted without ON CONFLICT.
-- Contents are compared by a hash of source and payload: equal hashes are equal contents, but for a
-- chance of 1 in 2^64. Different hashes may be equal values all the same (another order of keys, 1 and
-- 1.0), so only then the two texts are read again and compared as JSON. jsonb_hash_extended would hash
-- equal values alike, but it does not hash where an object or an array ends: [[1], 2] and [[1, 2]] are
-- alike to it.
-- What cannot be digested raises: text that is no timestamp, a payload that is no jsonb object.
WITH batch AS MATERIALIZED (
    SELECT position, topic, event_id, source, "timestamp", content_hash
    FROM eventlog.inbox
    WHERE partition = %(partition)s
      AND position BETWEEN %(first)s AND %(last)s
      AND content_hash IS NOT NULL
    UNION ALL
    -- What came past the door is read here.
    SELECT i.position, i.topic, i.event_id, event.source,
           -- Input of timestamptz takes 'now'; a replay must read the same moment for ever.
           CASE WHEN event."timestamp" LIKE '____-__-__%%'
                THEN event."timestamp"::timestamptz
                ELSE eventlog.indigestible('timestamp is no date and time')::timestamptz
           END,
           CASE WHEN jsonb_typeof(event.payload) = 'object' AND event.source IS NOT NULL
                THEN hashtextextended(event.payload::text, hashtextextended(event.source, 0))
                ELSE eventlog.indigestible('source is missing, or payload is no JSON object')::bigint
           END
    FROM eventlog.inbox AS i
    CROSS JOIN LATERAL json_to_record(i.raw)
        AS event ("timestamp" text, source text, payload jsonb)
    WHERE i.partition = %(partition)s
      AND i.position BETWEEN %(first)s AND %(last)s
      AND i.content_hash IS NULL
), candidate AS MATERIALIZED (
    -- The first delivery of each event in this batch, in key order: neighbours share index pages.
    SELECT DISTINCT ON (topic, event_id)
           topic, event_id, position, "timestamp", source, content_hash
    FROM batch
    ORDER BY topic, event_id, position
), known AS MATERIALIZED (
    -- LATERAL with OFFSET 0 is one index probe an event, whatever the statistics say: a plan that
    -- reads all of `events` would be right for a small table and ruinous for the next batch.
    SELECT c.*, e.position AS known_position, e.content_hash AS known_hash
    FROM candidate AS c
    LEFT JOIN LATERAL (
        SELECT position, content_hash
        FROM {schema}.events
        WHERE partition = %(partition)s AND topic = c.topic AND event_id = c.event_id
        OFFSET 0
    ) AS e ON true
), new_events AS (
    INSERT INTO {schema}.events (position, "timestamp", content_hash, partition, topic, event_id, source)
    SELECT position, "timestamp", content_hash, %(partition)s, topic, event_id, source
    FROM known
    WHERE known_position IS NULL
), repeated AS MATERIALIZED (
    SELECT b.position, b.topic, b.event_id,
           coalesce(k.known_position, k.position) AS first_position,
           CASE WHEN b.content_hash = coalesce(k.known_hash, k.content_hash) THEN false
                ELSE (
                    SELECT (first.source, first.payload) IS DISTINCT FROM (again.source, again.payload)
                    FROM eventlog.inbox AS f
                    CROSS JOIN eventlog.inbox AS a
                    CROSS JOIN LATERAL json_to_record(f.raw) AS first (source text, payload jsonb)
                    CROSS JOIN LATERAL json_to_record(a.raw) AS again (source text, payload jsonb)
                    WHERE f.partition = %(partition)s
                      AND f.position = coalesce(k.known_position, k.position)
                      AND a.partition = %(partition)s
                      AND a.position = b.position
                )
           END AS differs
    FROM batch AS b
    JOIN known AS k USING (topic, event_id)
    WHERE b.position <> k.position OR k.known_position IS NOT NULL
), new_duplicates AS (
    INSERT INTO {schema}.duplicates (first_position, position, partition)
    SELECT first_position, position, %(partition)s
    FROM repeated
    ORDER BY first_position, position
), new_conflicts AS (
    INSERT INTO {schema}.conflicts (first_position, position, partition, topic, event_id)
    SELECT first_position, position, %(partition)s, topic, event_id
    FROM repeated
    WHERE differs
), counted AS (
    SELECT topic,
           sum(unique_count)::bigint AS unique_count,
           sum(duplicate_count)::bigint AS duplicate_count,
           sum(conflict_count)::bigint AS conflict_count
    FROM (
        SELECT topic, count(*) FILTER (WHERE known_position IS NULL), 0, 0
        FROM known
        GROUP BY topic
        UNION ALL
        SELECT topic, 0, count(*), count(*) FILTER (WHERE differs)
        FROM repeated
        GROUP BY topic
    ) AS part (topic, unique_count, duplicate_count, conflict_count)
    GROUP BY topic
), new_deltas AS (
    INSERT INTO {schema}.stats_deltas
        (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic)
    SELECT %(first)s, unique_count, duplicate_count, conflict_count, 0, %(partition)s, topic
    FROM counted
)
SELECT coalesce(sum(unique_count), 0)::bigint AS unique_count,
       coalesce(sum(duplicate_count), 0)::bigint AS duplicate_count,
       coalesce(sum(conflict_count), 0)::bigint AS conflict_count,
       0::bigint AS quarantined_count
FROM counted
