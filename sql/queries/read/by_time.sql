-- A page of events by time: each partition's next ones along events_by_time, merged.
-- Bounds are keys and always given, so the page costs what it holds, wherever it lies.
-- Topics between topic_from and topic_to are compared in the index; `source` in the table.
SELECT p.topic, p.event_id, p."timestamp", p.source, delivery.payload,
       p.partition, p.position, delivery.received_at, p.processed_at
FROM (
    SELECT c.topic, c.event_id, c."timestamp", c.source, c.partition, c.position, c.processed_at
    FROM unnest(%(partitions)s::smallint[]) AS wanted (partition)
    CROSS JOIN LATERAL (
        SELECT e.topic, e.event_id, e."timestamp", e.source, e.partition, e.position, e.processed_at
        FROM eventlog.events AS e
        WHERE e.partition = wanted.partition
          AND (e."timestamp", e.topic, e.event_id)
              > (%(low_timestamp)s::timestamptz, %(low_topic)s::text, %(low_event_id)s::text)
          AND (e."timestamp", e.topic, e.event_id)
              < (%(high_timestamp)s::timestamptz, %(high_topic)s::text, %(high_event_id)s::text)
          AND e.topic >= %(topic_from)s::text
          AND e.topic < %(topic_to)s::text
          AND (%(source)s::text IS NULL OR e.source = %(source)s::text)
        ORDER BY e."timestamp" {direction}, e.topic {direction}, e.event_id {direction}
        LIMIT %(limit)s::integer
    ) AS c
    ORDER BY c."timestamp" {direction}, c.topic {direction}, c.event_id {direction}
    LIMIT %(limit)s::integer
) AS p
CROSS JOIN LATERAL (
    SELECT (i.raw -> 'payload')::text AS payload, i.received_at
    FROM eventlog.inbox AS i
    WHERE i.partition = p.partition AND i.position = p.position
    OFFSET 0
) AS delivery
ORDER BY p."timestamp" {direction}, p.topic {direction}, p.event_id {direction}
