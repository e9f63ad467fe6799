-- All that a version says: minutes added up, since steps leave them in pieces.
SELECT 'minutes' AS relation, partition, NULL::bigint AS position,
       ROW (topic, minute, sum(received))::text AS content
FROM (
    SELECT partition, topic, minute, received FROM {schema}.minutes
    UNION ALL
    SELECT partition, topic, minute, received FROM {schema}.fresh
) AS part
GROUP BY partition, topic, minute
