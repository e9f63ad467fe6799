-- How many events some topics have, counted no further than at_most.
SELECT count(*) AS events
FROM (
    SELECT
    FROM unnest(%(partitions)s::smallint[]) AS wanted (partition)
    CROSS JOIN LATERAL (
        SELECT
        FROM eventlog.events AS e
        WHERE e.partition = wanted.partition
          AND e.topic >= %(topic_from)s::text
          AND e.topic < %(topic_to)s::text
        OFFSET 0
    ) AS found
    LIMIT %(at_most)s::integer
) AS counted
