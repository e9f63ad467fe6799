-- Add up a partition's deltas of each topic into one row. The claim is held, so no step of this
-- partition comes between; a reader sees the deltas or their sum, never both.
WITH folded AS (
    DELETE FROM {schema}.stats_deltas
    WHERE partition = %(partition)s
      AND topic IN (
          SELECT topic FROM {schema}.stats_deltas
          WHERE partition = %(partition)s
          GROUP BY topic
          HAVING count(*) > 1
      )
    RETURNING first, unique_count, duplicate_count, conflict_count, quarantined_count, topic
)
INSERT INTO {schema}.stats_deltas
    (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic)
SELECT min(first), sum(unique_count), sum(duplicate_count), sum(conflict_count), sum(quarantined_count),
       %(partition)s, topic
FROM folded
GROUP BY topic
