-- What deliveries that came as CloudEvents say besides their payload: the attributes, and where the data is.
SELECT i.partition, i.position, (i.raw -> 'cloudevent')::text AS attributes, i.raw ->> 'data_in' AS data_in
FROM unnest(%(partitions)s::smallint[], %(positions)s::bigint[]) AS wanted (partition, position)
CROSS JOIN LATERAL (
    SELECT partition, position, raw
    FROM eventlog.inbox
    WHERE partition = wanted.partition AND position = wanted.position AND format = 2
    OFFSET 0
) AS i
