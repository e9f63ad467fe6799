-- The first rows of one relation and partition that only one of the two has.
SELECT relation, partition, position, side, content
FROM (
    SELECT relation, partition, position, 'projection' AS side, content
    FROM (
        SELECT relation, partition, position, content FROM ({actual}) AS a
        WHERE relation = %(relation)s AND partition = %(partition)s
        EXCEPT ALL
        SELECT relation, partition, position, content FROM ({expected}) AS e
        WHERE relation = %(relation)s AND partition = %(partition)s
    ) AS surplus
    UNION ALL
    SELECT relation, partition, position, 'replay', content
    FROM (
        SELECT relation, partition, position, content FROM ({expected}) AS e
        WHERE relation = %(relation)s AND partition = %(partition)s
        EXCEPT ALL
        SELECT relation, partition, position, content FROM ({actual}) AS a
        WHERE relation = %(relation)s AND partition = %(partition)s
    ) AS missing
) AS different
ORDER BY position NULLS FIRST, content, side
LIMIT %(limit)s
