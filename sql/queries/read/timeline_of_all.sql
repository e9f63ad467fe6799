-- Deliveries of all topics per bucket, from the log itself: a moment is a position in each partition, so what
-- came between two moments is a difference, however many topics and deliveries there are. Of so many buckets,
-- empty ones among them; `complete` says whether there are others.
WITH log AS MATERIALIZED (
    SELECT date_bin(%(bucket)s::interval,
                    greatest(%(since)s::timestamptz, min(edge.first_at)), '1970-01-01 00:00:00+00') AS first,
           date_bin(%(bucket)s::interval,
                    least(%(until)s::timestamptz - interval '1 microsecond', max(edge.last_at)),
                    '1970-01-01 00:00:00+00') AS last
    FROM eventlog.partitions AS p
    CROSS JOIN LATERAL (
        SELECT (SELECT received_at FROM eventlog.inbox WHERE partition = p.partition ORDER BY position LIMIT 1)
                   AS first_at,
               (SELECT received_at FROM eventlog.inbox WHERE partition = p.partition ORDER BY position DESC LIMIT 1)
                   AS last_at
        OFFSET 0
    ) AS edge
), shown AS MATERIALIZED (
    SELECT CASE WHEN %(newest_first)s::boolean
                THEN greatest(first, last - %(bucket)s::interval * (%(limit)s::integer - 1)) ELSE first
           END AS first,
           CASE WHEN %(newest_first)s::boolean
                THEN last ELSE least(last, first + %(bucket)s::interval * (%(limit)s::integer - 1))
           END AS last
    FROM log
), counted AS (
    SELECT m.moment AS start,
           lead(m.position) OVER (ORDER BY m.moment) - m.position AS received
    FROM (
        SELECT b.moment, sum(eventlog.position_at(p.partition, b.moment))::bigint AS position
        FROM shown
        CROSS JOIN generate_series(shown.first, shown.last + %(bucket)s::interval, %(bucket)s::interval)
            AS b (moment)
        CROSS JOIN eventlog.partitions AS p
        GROUP BY b.moment
    ) AS m
)
SELECT coalesce(shown.first <= log.first AND shown.last >= log.last, true) AS complete,
       ARRAY(SELECT c.start FROM counted AS c WHERE c.received > 0 ORDER BY c.start) AS starts,
       ARRAY(SELECT c.received FROM counted AS c WHERE c.received > 0 ORDER BY c.start) AS received
FROM log
CROSS JOIN shown
