-- What the steps do, for the deliveries (first … last) of a partition that nothing is projected of. The
-- deliveries %(set_aside)s are counted as quarantined.
WITH counted AS (
    SELECT topic, date_bin('1 minute', received_at, '1970-01-01 00:00:00+00') AS minute, count(*) AS received
    FROM eventlog.inbox
    WHERE partition = %(partition)s
      AND position BETWEEN %(first)s AND %(last)s
      AND position <> ALL (%(set_aside)s::bigint[])
    GROUP BY topic, 2
), added AS (
    INSERT INTO {schema}.minutes (minute, received, partition, topic)
    SELECT minute, received, %(partition)s, topic
    FROM counted
    ORDER BY topic, minute
)
SELECT coalesce(sum(received), 0)::bigint AS unique_count,
       0::bigint AS duplicate_count,
       0::bigint AS conflict_count,
       %(last)s::bigint - %(first)s::bigint + 1 - coalesce(sum(received), 0)::bigint AS quarantined_count
FROM counted
