-- What a version's steps and quarantine say, in rows that are equal for equal logs. Steps are added
-- up: how a log is cut into steps says nothing.
SELECT 'steps' AS relation, partition, NULL::bigint AS position,
       ROW (sum(unique_count), sum(duplicate_count), sum(conflict_count), sum(quarantined_count),
            sum(ignored_count), min(first), max(last))::text AS content
FROM eventlog.steps
WHERE projection = {projection} AND version = {version}
GROUP BY partition
UNION ALL
SELECT 'quarantine', partition, position, ROW (position, topic, event_id)::text
FROM eventlog.quarantine
WHERE projection = {projection} AND version = {version}
