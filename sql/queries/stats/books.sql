-- All counts, from one snapshot. `received` is what the log has; what is projected is counted twice,
-- by the steps of each partition and by topic, and `balanced` says that all of it agrees.
-- Counts by topic cost with the number of topics: `counted` is `all`, `some` for those that are listed, or `none`,
-- and then `topics` is NULL.
WITH live AS MATERIALIZED (
    SELECT name, live_version FROM eventlog.projections WHERE name = 'core'
), step_totals AS MATERIALIZED (
    SELECT s.partition,
           sum(s.unique_count) AS unique_count,
           sum(s.duplicate_count) AS duplicate_count,
           sum(s.conflict_count) AS conflict_count,
           sum(s.quarantined_count) AS quarantined_count
    FROM eventlog.steps AS s
    JOIN live ON s.projection = live.name AND s.version = live.live_version
    GROUP BY s.partition
), books AS MATERIALIZED (
    SELECT b.partition, b.head, b.checkpoint,
           coalesce(t.unique_count, 0) AS unique_count,
           coalesce(t.duplicate_count, 0) AS duplicate_count,
           coalesce(t.conflict_count, 0) AS conflict_count,
           coalesce(t.quarantined_count, 0) AS quarantined_count,
           (SELECT i.received_at FROM eventlog.inbox AS i
            WHERE i.partition = b.partition AND i.position = b.checkpoint + 1) AS waiting_since
    FROM (
        SELECT p.partition, eventlog.head_of(p.partition) AS head,
               eventlog.checkpoint_of(live.name, live.live_version, p.partition) AS checkpoint
        FROM eventlog.partitions AS p
        CROSS JOIN live
    ) AS b
    LEFT JOIN step_totals AS t ON t.partition = b.partition
), partition_totals AS MATERIALIZED (
    SELECT sum(head) AS received,
           sum(head - checkpoint) AS pending,
           sum(unique_count) AS unique_count,
           sum(duplicate_count) AS duplicate_count,
           sum(conflict_count) AS conflict_count,
           sum(quarantined_count) AS quarantined_count,
           bool_and(head = unique_count + duplicate_count + quarantined_count + (head - checkpoint)) AS balanced,
           min(waiting_since) AS waiting_since
    FROM books
), by_topic AS MATERIALIZED (
    SELECT topic, received, unique_processed, duplicate_dropped, conflicts, quarantined
    FROM eventlog.stats
    WHERE %(counted)s::text <> 'none'
      AND (%(counted)s::text = 'all' OR topic >= %(topic_from)s::text AND topic < %(topic_to)s::text)
), topic_totals AS MATERIALIZED (
    SELECT count(*) AS topics,
           coalesce(sum(unique_processed), 0) AS unique_count,
           coalesce(sum(duplicate_dropped), 0) AS duplicate_count,
           coalesce(sum(conflicts), 0) AS conflict_count,
           coalesce(sum(quarantined), 0) AS quarantined_count
    FROM by_topic
)
SELECT coalesce(p.received, 0)::bigint AS received,
       p.unique_count::bigint AS unique_processed,
       p.duplicate_count::bigint AS duplicate_dropped,
       p.conflict_count::bigint AS conflicts,
       p.quarantined_count::bigint AS quarantined,
       coalesce(p.pending, 0)::bigint AS pending,
       CASE WHEN %(counted)s::text = 'all' THEN t.topics END AS topics,
       coalesce(
           p.balanced
           AND (%(counted)s::text <> 'all'
                OR p.unique_count = t.unique_count
                    AND p.duplicate_count = t.duplicate_count
                    AND p.conflict_count = t.conflict_count
                    AND p.quarantined_count = t.quarantined_count),
           false) AS balanced,
       greatest(extract(epoch FROM clock_timestamp() - p.waiting_since), 0)::double precision AS lag_seconds,
       (
{include fragments/workers.sql}
       ) AS workers,
       live.live_version,
       ARRAY(
           SELECT to_json(largest)::text
           FROM (
               SELECT topic, received, unique_processed, duplicate_dropped, conflicts, quarantined
               FROM by_topic
               WHERE topic >= %(topic_from)s::text AND topic < %(topic_to)s::text
               ORDER BY received DESC, topic
               LIMIT %(topics)s::integer
           ) AS largest
       ) AS by_topic
FROM partition_totals AS p
CROSS JOIN topic_totals AS t
CROSS JOIN live
