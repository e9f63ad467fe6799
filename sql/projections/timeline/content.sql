-- Added up: how the log was cut into steps says nothing.
SELECT 'minutes' AS relation, partition, NULL::bigint AS position,
       ROW (topic, minute, sum(events))::text AS content
FROM {schema}.minutes
GROUP BY partition, topic, minute
