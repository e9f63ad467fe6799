-- Count the deliveries (first … last) of some partitions and return how many those of each were. By the time
-- of receipt, which the log itself sets: what a delivery says of itself is not read, so none is indigestible.
WITH span AS (
    SELECT partition, first, last, number
    FROM unnest(%(partitions)s::smallint[], %(firsts)s::bigint[], %(lasts)s::bigint[])
        WITH ORDINALITY AS span (partition, first, last, number)
), counted AS (
    -- LATERAL with OFFSET 0 is one index scan for each span, whatever the statistics say.
    SELECT span.number, span.partition, span.first, i.topic,
           date_bin('1 minute', i.received_at, '1970-01-01 00:00:00+00') AS minute, count(*) AS received
    FROM span
    CROSS JOIN LATERAL (
        SELECT topic, received_at
        FROM eventlog.inbox
        WHERE partition = span.partition
          AND position BETWEEN span.first AND span.last
        OFFSET 0
    ) AS i
    GROUP BY span.number, span.partition, span.first, i.topic, minute
), added AS (
    INSERT INTO {schema}.fresh (first, minute, received, partition, topic)
    SELECT first, minute, received, partition, topic
    FROM counted
    ORDER BY partition, topic, minute
)
SELECT sum(received)::bigint AS unique_count,
       0::bigint AS duplicate_count,
       0::bigint AS conflict_count,
       0::bigint AS quarantined_count
FROM counted
GROUP BY number
ORDER BY number
