-- title: What came late?
-- description: Deliveries of some time that were received long after they happened, the latest first.
-- parameter: since timestamptz = today; received at this moment or later
-- parameter: until timestamptz = tomorrow; received before this moment
-- parameter: later_than interval = 1 minute; how long after
WITH span AS MATERIALIZED (
    SELECT partition,
           position_at(partition, :since::timestamptz) AS first,
           position_at(partition, :until::timestamptz) AS past
    FROM partitions
)
SELECT i.received_at - i."timestamp" AS late_by, i.topic, i.event_id, i.source, i."timestamp", i.received_at, i.delivery
FROM span AS s
JOIN deliveries AS i ON i.partition = s.partition AND i.position >= s.first AND i.position < s.past
WHERE i.received_at - i."timestamp" > :later_than::interval
ORDER BY late_by DESC
