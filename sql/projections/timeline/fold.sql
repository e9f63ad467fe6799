-- Add up a partition's deltas of each topic and minute into one row. The claim is held, so no step
-- comes between; a reader sees the deltas or their sum, never both.
WITH folded AS (
    DELETE FROM {schema}.minutes
    WHERE partition = %(partition)s
      AND (topic, minute) IN (
          SELECT topic, minute FROM {schema}.minutes
          WHERE partition = %(partition)s
          GROUP BY topic, minute
          HAVING count(*) > 1
      )
    RETURNING first, minute, events, topic
)
INSERT INTO {schema}.minutes (first, minute, events, partition, topic)
SELECT min(first), minute, sum(events), %(partition)s, topic
FROM folded
GROUP BY topic, minute
