-- All that a version says: minutes added up, since steps leave them in pieces.
SELECT 'minutes' AS relation, partition, NULL::bigint AS position,
       ROW (topic, minute, sum(events))::text AS content
FROM (
    SELECT partition, topic, minute, events FROM {schema}.minutes
    UNION ALL
    SELECT partition, topic, minute, events FROM {schema}.fresh
) AS part
GROUP BY partition, topic, minute
UNION ALL
SELECT 'seen', partition, position, ROW (position, topic, event_id)::text
FROM {schema}.seen
