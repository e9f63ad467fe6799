-- title: When did duplicates come?
-- description: Deliveries of some time by the hour, and how many of them are duplicates.
-- parameter: since timestamptz = today; received at this moment or later
-- parameter: until timestamptz = tomorrow; received before this moment
WITH span AS MATERIALIZED (
    SELECT partition,
           position_at(partition, :since::timestamptz) AS first,
           position_at(partition, :until::timestamptz) AS past
    FROM partitions
), repeated AS MATERIALIZED (
    SELECT d.partition, d.position
    FROM span AS s
    JOIN duplicates AS d ON d.partition = s.partition AND d.position >= s.first AND d.position < s.past
)
SELECT date_trunc('hour', i.received_at) AS hour,
       count(*) AS deliveries,
       count(r.position) AS duplicates,
       round(100.0 * count(r.position) / count(*), 2) AS duplicate_percent
FROM span AS s
JOIN deliveries AS i ON i.partition = s.partition AND i.position >= s.first AND i.position < s.past
LEFT JOIN repeated AS r ON r.partition = i.partition AND r.position = i.position
GROUP BY 1
ORDER BY 1
