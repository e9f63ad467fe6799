-- Positions of a partition are 1 … n when the last one is as large as their number.
SELECT count(*) AS looked_at,
       count(*) FILTER (WHERE first <> 1 OR last <> deliveries) AS wrong
FROM (
    SELECT min(position) AS first, max(position) AS last, count(*) AS deliveries
    FROM eventlog.inbox
    GROUP BY partition
) AS p
