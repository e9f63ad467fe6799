-- Count the deliveries (first … last) of one partition and return how many they were. By the time of receipt,
-- which the log itself sets: what a delivery says of itself is not read, so none is indigestible.
WITH counted AS (
    SELECT topic, date_bin('1 minute', received_at, '1970-01-01 00:00:00+00') AS minute, count(*) AS received
    FROM eventlog.inbox
    WHERE partition = %(partition)s
      AND position BETWEEN %(first)s AND %(last)s
    GROUP BY topic, 2
), added AS (
    INSERT INTO {schema}.fresh (first, minute, received, partition, topic)
    SELECT %(first)s, minute, received, %(partition)s, topic
    FROM counted
    ORDER BY topic, minute
)
SELECT sum(received)::bigint AS unique_count,
       0::bigint AS duplicate_count,
       0::bigint AS conflict_count,
       0::bigint AS quarantined_count
FROM counted
