-- All that a version says, in rows that are equal for equal logs: without processed_at, and with the
-- statistics added up, since steps leave them in pieces.
SELECT 'events' AS relation, partition, position,
       ROW (position, "timestamp", content_hash, topic, event_id, source)::text AS content
FROM {schema}.events
UNION ALL
SELECT 'duplicates', partition, position, ROW (first_position, position)::text
FROM {schema}.duplicates
UNION ALL
SELECT 'conflicts', partition, position, ROW (first_position, position, topic, event_id)::text
FROM {schema}.conflicts
UNION ALL
SELECT 'stats', partition, NULL,
       ROW (topic, sum(unique_count), sum(duplicate_count), sum(conflict_count), sum(quarantined_count))::text
FROM {schema}.stats_deltas
GROUP BY partition, topic
