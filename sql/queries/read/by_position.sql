-- A page of events in log order, after a position in each partition, with the positions after it.
--
-- Reads at most `scan` deliveries of each partition, up to what the live version has projected, or up
-- to `through` where that is given, and merges them by (moment, partition, position). A delivery's moment
-- is the latest received_at of its partition up to it: where the server's clock was put back, received_at
-- alone would take a delivery for read that was not. So moments never run backwards, and a partition that
-- was not read to its end hides nothing earlier than the last delivery read of it: the merge goes no
-- further than the first such end (the horizon).
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
), stretch AS MATERIALIZED (
    SELECT i.moment, i.received_at, i.partition, i.position, i.topic, i.event_id, i.may_be_wanted,
           i.position = s.through AND s.through < s.checkpoint AS is_end
    FROM span AS s
    CROSS JOIN LATERAL (
        SELECT max(received_at) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS moment,
               received_at, partition, position, topic, event_id,
               topic >= %(topic_from)s::text
                   AND topic < %(topic_to)s::text
                   AND (%(event_id)s::text IS NULL OR event_id = %(event_id)s::text)
                   -- What came past the door has these in its event alone.
                   AND (content_hash IS NULL
                        OR (%(source)s::text IS NULL OR source = %(source)s::text)
                            AND "timestamp" >= %(since)s::timestamptz
                            AND "timestamp" < %(until)s::timestamptz) AS may_be_wanted
        FROM eventlog.inbox
        WHERE partition = s.partition AND position > s.after AND position <= s.through
        OFFSET 0
    ) AS i
), horizon AS MATERIALIZED (
    SELECT moment, partition, position
    FROM stretch
    WHERE is_end
    ORDER BY moment, partition, position
    LIMIT 1
), scanned AS MATERIALIZED (
    SELECT i.moment, i.received_at, i.partition, i.position, i.topic, i.event_id, i.may_be_wanted
    FROM stretch AS i
    LEFT JOIN horizon AS h ON true
    WHERE h.position IS NULL OR (i.moment, i.partition, i.position) <= (h.moment, h.partition, h.position)
), page AS MATERIALIZED (
    SELECT d.moment, d.received_at, d.partition, d.position, d.topic, d.event_id,
           e."timestamp", e.source, e.processed_at
    FROM (
        SELECT moment, received_at, partition, position, topic, event_id
        FROM scanned
        WHERE may_be_wanted
        ORDER BY moment, partition, position
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
    ORDER BY d.moment, d.partition, d.position
    LIMIT %(limit)s::integer
), boundary AS MATERIALIZED (
    -- Where a full page ends; all that was read is consumed by any other.
    SELECT moment, partition, position
    FROM page
    ORDER BY moment, partition, position
    OFFSET %(limit)s::integer - 1
), progress AS (
    SELECT s.partition, s.checkpoint, greatest(s.after, consumed.position) AS position
    FROM span AS s
    LEFT JOIN (
        SELECT d.partition, max(d.position) AS position
        FROM scanned AS d
        LEFT JOIN boundary AS b ON true
        WHERE b.position IS NULL OR (d.moment, d.partition, d.position) <= (b.moment, b.partition, b.position)
        GROUP BY d.partition
    ) AS consumed ON consumed.partition = s.partition
)
SELECT r.topic, r.event_id, r."timestamp", r.source, delivery.payload,
       r.partition, r.position, r.received_at, r.processed_at, r.has_more
FROM (
    SELECT topic, event_id, "timestamp", source, partition, position, moment, received_at, processed_at,
           NULL AS has_more
    FROM page
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, partition, position, NULL, NULL, NULL, position < checkpoint
    FROM progress
    ORDER BY moment NULLS FIRST, partition, position
) AS r
LEFT JOIN LATERAL (
    SELECT (raw -> 'payload')::text AS payload
    FROM eventlog.inbox
    WHERE partition = r.partition AND position = r.position AND r.topic IS NOT NULL
    OFFSET 0
) AS delivery ON true
