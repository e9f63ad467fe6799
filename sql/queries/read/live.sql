-- What is new: the events after a position in each partition, through what the live version has
-- projected, of at most `scan` deliveries a partition. One statement and so one snapshot: what the
-- checkpoint in it says is projected is there. Of others than these topics and ranges of topics, where
-- topics are given at all, nothing is read but the topic.
--
-- Rows without a topic say through which position each partition is read; they come first, and there
-- are none while the projection is dropped. Events follow in the order of their receipt, and within a
-- partition in that of the positions, also where the server's clock was put back between two of them: a
-- delivery's moment is the latest received_at of its partition up to it.
WITH span AS MATERIALIZED (
    SELECT given.partition, given.position AS after,
           least(eventlog.checkpoint_of(p.name, p.live_version, given.partition),
                 given.position + %(scan)s::bigint) AS through
    FROM unnest(%(partitions)s::smallint[], %(positions)s::bigint[]) AS given (partition, position)
    JOIN eventlog.projections AS p ON p.name = 'core'
    WHERE p.live_version IS NOT NULL
), new AS MATERIALIZED (
    SELECT i.topic, i.event_id, e."timestamp", e.source, s.partition, i.position, i.moment, i.received_at,
           e.processed_at
    FROM span AS s
    CROSS JOIN LATERAL (
        SELECT topic, event_id, position, received_at,
               max(received_at) OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS moment
        FROM eventlog.inbox
        WHERE partition = s.partition AND position > s.after AND position <= s.through
          AND (%(topics)s::text[] IS NULL
               OR topic = ANY (%(topics)s::text[])
               OR EXISTS (
                   SELECT FROM unnest(%(lows)s::text[], %(highs)s::text[]) AS range (low, high)
                   WHERE inbox.topic >= range.low AND inbox.topic < range.high
               ))
        OFFSET 0
    ) AS i
    CROSS JOIN LATERAL (
        -- The delivery is an event's first one: duplicates and quarantined ones are none.
        SELECT "timestamp", source, processed_at
        FROM eventlog.events
        WHERE partition = s.partition AND topic = i.topic AND event_id = i.event_id AND position = i.position
        OFFSET 0
    ) AS e
)
SELECT r.topic, r.event_id, r."timestamp", r.source, delivery.payload,
       r.partition, r.position, r.received_at, r.processed_at
FROM (
    SELECT NULL AS topic, NULL AS event_id, NULL::timestamptz AS "timestamp", NULL AS source,
           partition, greatest(after, through) AS position,
           NULL::timestamptz AS moment, NULL::timestamptz AS received_at, NULL::timestamptz AS processed_at
    FROM span
    UNION ALL
    SELECT topic, event_id, "timestamp", source, partition, position, moment, received_at, processed_at
    FROM new
    ORDER BY moment NULLS FIRST, partition, position
) AS r
LEFT JOIN LATERAL (
    SELECT (raw -> 'payload')::text AS payload
    FROM eventlog.inbox
    WHERE partition = r.partition AND position = r.position AND r.topic IS NOT NULL
    OFFSET 0
) AS delivery ON true
