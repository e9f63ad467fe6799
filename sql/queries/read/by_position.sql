-- A page of events in log order, after a position in each partition, with the positions after it.
--
-- Reads at most `scan` deliveries of each partition, up to what the live version has projected, or up
-- to `through` where that is given, and merges them by (received_at, partition, position). Within a
-- partition received_at never runs backwards, so a partition that was not read to its end hides nothing
-- earlier than the last delivery read of it: the merge goes no further than the first such end (the
-- horizon).
--
-- Rows without a topic say how far each partition is read, and whether it has more; they come first.
WITH span AS MATERIALIZED (
    SELECT c.partition, c.after, c.checkpoint, least(c.checkpoint, c.after + %(scan)s::bigint) AS through
    FROM (
        SELECT b.partition, greatest(given.position, b.first_position - 1) AS after,
               least(eventlog.checkpoint_of(p.name, p.live_version, b.partition), given.through) AS checkpoint
        FROM unnest(%(partitions)s::smallint[], %(positions)s::bigint[], %(through)s::bigint[])
            AS given (partition, position, through)
        JOIN eventlog.partitions AS b ON b.partition = given.partition
        JOIN eventlog.projections AS p ON p.name = 'core'
    ) AS c
), horizon AS MATERIALIZED (
    SELECT i.received_at, i.partition, i.position
    FROM span AS s
    CROSS JOIN LATERAL (
        SELECT received_at, partition, position
        FROM eventlog.inbox
        WHERE partition = s.partition AND position = s.through
        OFFSET 0
    ) AS i
    WHERE s.through < s.checkpoint
    ORDER BY i.received_at, i.partition, i.position
    LIMIT 1
), scanned AS MATERIALIZED (
    SELECT i.received_at, i.partition, i.position, i.topic, i.event_id
    FROM span AS s
    CROSS JOIN LATERAL (
        SELECT received_at, partition, position, topic, event_id
        FROM eventlog.inbox
        WHERE partition = s.partition AND position > s.after AND position <= s.through
        OFFSET 0
    ) AS i
    LEFT JOIN horizon AS h ON true
    WHERE h.position IS NULL OR (i.received_at, i.partition, i.position) <= (h.received_at, h.partition, h.position)
), page AS MATERIALIZED (
    SELECT d.received_at, d.partition, d.position, d.topic, d.event_id,
           e."timestamp", e.source, e.processed_at
    FROM (
        SELECT received_at, partition, position, topic, event_id
        FROM scanned
        WHERE topic >= %(topic_from)s::text
          AND topic < %(topic_to)s::text
          AND (%(event_id)s::text IS NULL OR event_id = %(event_id)s::text)
        ORDER BY received_at, partition, position
        OFFSET 0
    ) AS d
    CROSS JOIN LATERAL (
        -- The delivery is an event's first one: duplicates and quarantined ones are none.
        SELECT "timestamp", source, processed_at
        FROM eventlog.events
        WHERE partition = d.partition AND topic = d.topic AND event_id = d.event_id AND position = d.position
        OFFSET 0
    ) AS e
    WHERE e."timestamp" >= %(since)s::timestamptz
      AND e."timestamp" < %(until)s::timestamptz
      AND (%(source)s::text IS NULL OR e.source = %(source)s::text)
    ORDER BY d.received_at, d.partition, d.position
    LIMIT %(limit)s::integer
), boundary AS MATERIALIZED (
    -- Where a full page ends; all that was read is consumed by any other.
    SELECT received_at, partition, position
    FROM page
    ORDER BY received_at, partition, position
    OFFSET %(limit)s::integer - 1
), progress AS (
    SELECT s.partition, s.checkpoint, greatest(s.after, consumed.position) AS position
    FROM span AS s
    LEFT JOIN (
        SELECT d.partition, max(d.position) AS position
        FROM scanned AS d
        LEFT JOIN boundary AS b ON true
        WHERE b.position IS NULL OR (d.received_at, d.partition, d.position) <= (b.received_at, b.partition, b.position)
        GROUP BY d.partition
    ) AS consumed ON consumed.partition = s.partition
)
SELECT r.topic, r.event_id, r."timestamp", r.source, delivery.payload,
       r.partition, r.position, r.received_at, r.processed_at, r.has_more
FROM (
    SELECT topic, event_id, "timestamp", source, partition, position, received_at, processed_at, NULL AS has_more
    FROM page
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, partition, position, NULL, NULL, position < checkpoint
    FROM progress
    ORDER BY received_at NULLS FIRST, partition, position
) AS r
LEFT JOIN LATERAL (
    SELECT (raw -> 'payload')::text AS payload
    FROM eventlog.inbox
    WHERE partition = r.partition AND position = r.position AND r.topic IS NOT NULL
    OFFSET 0
) AS delivery ON true
