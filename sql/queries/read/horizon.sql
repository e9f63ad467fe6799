-- How far a page by time looks for what it wants: through the moment and topic so many events ahead, in the
-- partition where that comes first. No row: there are not so many. Within the index, no event is read.
-- Counted after the moment and topic that it begins in, so that it is always further on.
SELECT ahead."timestamp", ahead.topic
FROM unnest(%(partitions)s::smallint[]) AS wanted (partition)
CROSS JOIN LATERAL (
    SELECT e."timestamp", e.topic
    FROM eventlog.events AS e
    WHERE e.partition = wanted.partition
      AND (e."timestamp", e.topic) > (%(low_timestamp)s::timestamptz, %(low_topic)s::text)
      AND (e."timestamp", e.topic) < (%(high_timestamp)s::timestamptz, %(high_topic)s::text)
    ORDER BY e."timestamp" {direction}, e.topic {direction}
    OFFSET %(scan)s::integer
    LIMIT 1
) AS ahead
ORDER BY ahead."timestamp" {direction}, ahead.topic {direction}
LIMIT 1
