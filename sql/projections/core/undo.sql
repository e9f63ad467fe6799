-- Take back what the steps did for one event, and return which of its deliveries they had projected, and as
-- what. Its %(quarantined)s deliveries in quarantine are counted no longer, either: all of them are
-- played again, and each inserts its own counts. So the topic's counts are put together under a number
-- that no step has.
WITH first AS (
    DELETE FROM {schema}.events
    WHERE partition = %(partition)s AND topic = %(topic)s AND event_id = %(event_id)s
    RETURNING position
), repeated AS (
    DELETE FROM {schema}.duplicates
    WHERE partition = %(partition)s AND first_position IN (SELECT position FROM first)
    RETURNING position
), conflicting AS (
    DELETE FROM {schema}.conflicts
    WHERE partition = %(partition)s AND position IN (SELECT position FROM repeated)
    RETURNING position
), projected AS MATERIALIZED (
    SELECT position, 1 AS unique_count, 0 AS duplicate_count, 0 AS conflict_count
    FROM first
    UNION ALL
    SELECT r.position, 0, 1, CASE WHEN c.position IS NULL THEN 0 ELSE 1 END
    FROM repeated AS r
    LEFT JOIN conflicting AS c ON c.position = r.position
), deltas AS (
    DELETE FROM {schema}.stats_deltas
    WHERE partition = %(partition)s AND topic = %(topic)s
    RETURNING unique_count, duplicate_count, conflict_count, quarantined_count
), rest AS (
    INSERT INTO {schema}.stats_deltas
        (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic)
    SELECT 0, d.unique_count - p.unique_count, d.duplicate_count - p.duplicate_count,
           d.conflict_count - p.conflict_count, d.quarantined_count - %(quarantined)s,
           %(partition)s, %(topic)s
    FROM (
        SELECT sum(unique_count) AS unique_count, sum(duplicate_count) AS duplicate_count,
               sum(conflict_count) AS conflict_count, sum(quarantined_count) AS quarantined_count
        FROM deltas
        HAVING count(*) > 0
    ) AS d
    CROSS JOIN (
        SELECT coalesce(sum(unique_count), 0) AS unique_count, coalesce(sum(duplicate_count), 0) AS duplicate_count,
               coalesce(sum(conflict_count), 0) AS conflict_count
        FROM projected
    ) AS p
)
SELECT position, unique_count, duplicate_count, conflict_count
FROM projected
