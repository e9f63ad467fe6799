-- title: What came late?
-- description: Of the latest million deliveries, those that were received long after they happened, the latest first.
-- description: Other times and numbers can be asked for; counted_since says from which moment on deliveries were looked at.
-- parameter: later_than interval = 1 minute; how long after
-- parameter: most integer = 100; how many of them
-- parameter: since timestamptz = -infinity; received at this moment or later
-- parameter: until timestamptz = infinity; received before this moment
-- parameter: latest integer = 1000000; of that time, the latest so many deliveries at most
SELECT i.received_at - i."timestamp" AS late_by, i.topic, i.event_id, i.source, i."timestamp", i.received_at, i.delivery,
       a.counted_since
FROM span(:since::timestamptz, :until::timestamptz, :latest::integer) AS a
-- OFFSET 0: along the key, whatever the statistics say; else the whole log is read.
CROSS JOIN LATERAL (
    SELECT d.topic, d.event_id, d.source, d."timestamp", d.received_at, d.delivery
    FROM deliveries AS d
    WHERE d.partition = a.partition AND d.position >= a.first AND d.position < a.past
      AND d.received_at - d."timestamp" > :later_than::interval
    OFFSET 0
) AS i
ORDER BY late_by DESC
LIMIT :most::integer
