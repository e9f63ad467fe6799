-- Project the deliveries (first … last) of some partitions and return what those of each were.
--
-- One statement, for several partitions at once: under a light load each has a few deliveries, and a
-- statement each would cost many times what is in it. Their claims are held, so what is in `events` stays as
-- it is meanwhile, and a key that is not there can be inserted without ON CONFLICT. A topic lives in one
-- partition, so an event does too.
-- Contents are compared by a hash of source and payload: equal hashes are equal contents, but for a
-- chance of 1 in 2^64. Different hashes may be equal values all the same (another order of keys, 1 and
-- 1.0), so only then the two texts are read again and compared as JSON. jsonb_hash_extended would hash
-- equal values alike, but it does not hash where an object or an array ends: [[1], 2] and [[1, 2]] are
-- alike to it.
-- What cannot be digested raises: text that is no timestamp, a payload that is no jsonb object.
WITH span AS (
    SELECT partition, first, last, number
    FROM unnest(%(partitions)s::smallint[], %(firsts)s::bigint[], %(lasts)s::bigint[])
        WITH ORDINALITY AS span (partition, first, last, number)
), batch AS (
    -- LATERAL with OFFSET 0, here and below, is one index scan for each span, whatever the statistics say.
    SELECT span.partition, i.position, i.topic, i.event_id, i.source, i."timestamp", i.content_hash
    FROM span
    CROSS JOIN LATERAL (
        SELECT position, topic, event_id, source, "timestamp", content_hash
        FROM eventlog.inbox
        WHERE partition = span.partition
          AND position BETWEEN span.first AND span.last
          AND content_hash IS NOT NULL
        OFFSET 0
    ) AS i
    UNION ALL
    -- What came past intake is read here.
    SELECT span.partition, i.position, i.topic, i.event_id, event.source,
{include fragments/unread_timestamp.sql},
{include fragments/unread_content_hash.sql}
    FROM span
    CROSS JOIN LATERAL (
        SELECT position, topic, event_id, raw
        FROM eventlog.inbox
        WHERE partition = span.partition
          AND position BETWEEN span.first AND span.last
          AND content_hash IS NULL
        OFFSET 0
    ) AS i
    CROSS JOIN LATERAL
{include fragments/unread_event.sql}
), played AS (
    -- In key order, so that neighbours share index pages. Each delivery beside the first one of its
    -- event in this batch.
    SELECT partition, position, topic, event_id, source, "timestamp", content_hash,
           first_value(position) OVER event AS batch_first,
           first_value(content_hash) OVER event AS batch_hash
    FROM batch
    WINDOW event AS (PARTITION BY event_id, topic ORDER BY position ROWS UNBOUNDED PRECEDING)
), known AS (
    -- A plan that reads all of `events` would be right for a small table and ruinous for the next batch.
    SELECT p.partition, p.position, p.topic, p.event_id, p.source, p."timestamp", p.content_hash,
           coalesce(e.position, p.batch_first) AS first_position,
           coalesce(e.content_hash, p.batch_hash) AS first_hash
    FROM played AS p
    LEFT JOIN LATERAL (
        SELECT position, content_hash
        FROM {schema}.events
        WHERE partition = p.partition AND event_id = p.event_id AND topic = p.topic
        OFFSET 0
    ) AS e ON true
), judged AS MATERIALIZED (
    SELECT k.partition, k.position, k.topic, k.event_id, k.source, k."timestamp", k.content_hash, k.first_position,
           CASE WHEN k.content_hash = k.first_hash THEN false
                ELSE (
                    SELECT (first.source, first.payload) IS DISTINCT FROM (again.source, again.payload)
                    FROM eventlog.inbox AS f
                    CROSS JOIN eventlog.inbox AS a
                    CROSS JOIN LATERAL json_to_record(f.raw) AS first (source text, payload jsonb)
                    CROSS JOIN LATERAL json_to_record(a.raw) AS again (source text, payload jsonb)
                    WHERE f.partition = k.partition AND f.position = k.first_position
                      AND a.partition = k.partition AND a.position = k.position
                )
           END AS differs
    FROM known AS k
), new_events AS (
    INSERT INTO {schema}.events (position, "timestamp", content_hash, partition, topic, event_id, source)
    SELECT position, "timestamp", content_hash, partition, topic, event_id, source
    FROM judged
    WHERE position = first_position
), new_duplicates AS (
    INSERT INTO {schema}.duplicates (first_position, position, partition)
    SELECT first_position, position, partition
    FROM judged
    WHERE position <> first_position
    ORDER BY first_position, position
), new_conflicts AS (
    INSERT INTO {schema}.conflicts (first_position, position, partition, topic, event_id)
    SELECT first_position, position, partition, topic, event_id
    FROM judged
    WHERE differs
), counted AS (
    SELECT partition, topic,
           count(*) FILTER (WHERE position = first_position) AS unique_count,
           count(*) FILTER (WHERE position <> first_position) AS duplicate_count,
           count(*) FILTER (WHERE differs) AS conflict_count
    FROM judged
    GROUP BY partition, topic
), new_deltas AS (
    INSERT INTO {schema}.stats_deltas
        (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic)
    SELECT span.first, c.unique_count, c.duplicate_count, c.conflict_count, 0, c.partition, c.topic
    FROM counted AS c
    JOIN span ON span.partition = c.partition
)
SELECT coalesce(sum(c.unique_count), 0)::bigint AS unique_count,
       coalesce(sum(c.duplicate_count), 0)::bigint AS duplicate_count,
       coalesce(sum(c.conflict_count), 0)::bigint AS conflict_count,
       0::bigint AS quarantined_count
FROM span
LEFT JOIN counted AS c ON c.partition = span.partition
GROUP BY span.number
ORDER BY span.number
