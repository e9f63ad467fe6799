-- title: How much came in, minute by minute?
-- description: Deliveries received in each minute.
-- parameter: until timestamptz = now; up to this moment
-- parameter: hours integer = 1; so many hours before it, at most 24
WITH boundary AS MATERIALIZED (
    SELECT p.partition, m.minute, position_at(p.partition, m.minute) AS position
    FROM generate_series(
        date_trunc('minute', :until::timestamptz) - least(:hours::integer, 24) * interval '1 hour',
        date_trunc('minute', :until::timestamptz) + interval '1 minute',
        interval '1 minute'
    ) AS m (minute)
    CROSS JOIN partitions AS p
)
SELECT minute, sum(following - position)::bigint AS deliveries
FROM (
    SELECT minute, position, lead(position) OVER (PARTITION BY partition ORDER BY minute) AS following
    FROM boundary
) AS b
WHERE following IS NOT NULL
GROUP BY minute
ORDER BY minute
