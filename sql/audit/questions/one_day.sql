-- title: What did that day look like?
-- description: One day of the log, hour by hour: deliveries, events seen for the first time, topics, sources.
-- parameter: day date = today; the day, in UTC
WITH span AS MATERIALIZED (
    SELECT partition,
           position_at(partition, :day::date::timestamptz) AS first,
           position_at(partition, (:day::date + 1)::timestamptz) AS past
    FROM partitions
), repeated AS MATERIALIZED (
    SELECT d.partition, d.position
    FROM span AS s
    JOIN duplicates AS d ON d.partition = s.partition AND d.position >= s.first AND d.position < s.past
)
SELECT date_trunc('hour', i.received_at) AS hour,
       count(*) AS deliveries,
       count(*) - count(r.position) AS not_repeated,
       count(r.position) AS duplicates,
       count(DISTINCT i.topic) AS topics,
       count(DISTINCT i.source) AS sources
FROM span AS s
JOIN deliveries AS i ON i.partition = s.partition AND i.position >= s.first AND i.position < s.past
LEFT JOIN repeated AS r ON r.partition = i.partition AND r.position = i.position
GROUP BY 1
ORDER BY 1
