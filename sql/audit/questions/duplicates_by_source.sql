-- title: Who sends duplicates?
-- description: The latest million deliveries by their source, and how many of them are duplicates. Other times and
-- description: numbers can be asked for; counted_since says from which moment on deliveries were counted.
-- parameter: since timestamptz = -infinity; received at this moment or later
-- parameter: until timestamptz = infinity; received before this moment
-- parameter: latest integer = 1000000; of that time, the latest so many deliveries at most
WITH asked AS MATERIALIZED (
    SELECT partition, first, past, counted_since
    FROM span(:since::timestamptz, :until::timestamptz, :latest::integer)
), repeated AS MATERIALIZED (
    SELECT d.partition, d.position
    FROM asked AS a
    JOIN duplicates AS d ON d.partition = a.partition AND d.position >= a.first AND d.position < a.past
)
SELECT i.source,
       count(*) AS deliveries,
       count(r.position) AS duplicates,
       round(100.0 * count(r.position) / count(*), 2) AS duplicate_percent,
       a.counted_since
FROM asked AS a
-- OFFSET 0: along the key, whatever the statistics say; else the whole log is read.
CROSS JOIN LATERAL (
    SELECT d.source, d.position
    FROM deliveries AS d
    WHERE d.partition = a.partition AND d.position >= a.first AND d.position < a.past
    OFFSET 0
) AS i
LEFT JOIN repeated AS r ON r.partition = a.partition AND r.position = i.position
GROUP BY i.source, a.counted_since
ORDER BY duplicates DESC, i.source
