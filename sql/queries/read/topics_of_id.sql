-- A row where more than `scan` topics have an event of this id.
SELECT 1 AS found
FROM unnest(%(partitions)s::smallint[]) AS wanted (partition)
CROSS JOIN LATERAL (
    SELECT
    FROM eventlog.events AS e
    WHERE e.partition = wanted.partition
      AND e.event_id = %(event_id)s::text
      AND e.topic >= %(topic_from)s::text
      AND e.topic < %(topic_to)s::text
    OFFSET 0
) AS e
OFFSET %(scan)s::integer
LIMIT 1
