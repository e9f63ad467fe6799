-- Add a partition's fresh counts to its minutes. The claim is held, so no step comes between; a reader
-- sees the parts or their sum, never both. Costs what is fresh, however many minutes there are: hence a
-- probe of the key for each, whatever the statistics say.
WITH taken AS (
    DELETE FROM {schema}.fresh
    WHERE partition = %(partition)s
    RETURNING topic, minute, received
), added AS MATERIALIZED (
    SELECT topic, minute, sum(received) AS received
    FROM taken
    GROUP BY topic, minute
), before AS (
    DELETE FROM {schema}.minutes
    WHERE ctid = ANY (ARRAY (
        SELECT found.place
        FROM added AS a
        CROSS JOIN LATERAL (
            SELECT ctid AS place
            FROM {schema}.minutes
            WHERE partition = %(partition)s AND topic = a.topic AND minute = a.minute
            OFFSET 0
        ) AS found
    ))
    RETURNING topic, minute, received
)
INSERT INTO {schema}.minutes (minute, received, partition, topic)
SELECT minute, sum(received), %(partition)s, topic
FROM (
    SELECT topic, minute, received FROM added
    UNION ALL
    SELECT topic, minute, received FROM before
) AS part
GROUP BY topic, minute
ORDER BY topic, minute
