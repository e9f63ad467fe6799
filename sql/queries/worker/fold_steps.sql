-- Add all steps of a claim but the newest up into one: the books say the same, in one row.
WITH folded AS (
    DELETE FROM eventlog.steps
    WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
      AND first < (
          SELECT first FROM eventlog.steps
          WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
          ORDER BY first DESC
          OFFSET %(keep)s
          LIMIT 1
      )
    RETURNING first, last, unique_count, duplicate_count, conflict_count, quarantined_count,
              ignored_count, projected_at
)
INSERT INTO eventlog.steps
    (partition, projection, version, first, last,
     unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at)
SELECT %(partition)s, %(projection)s, %(version)s, min(first), max(last),
       sum(unique_count), sum(duplicate_count), sum(conflict_count), sum(quarantined_count),
       sum(ignored_count), max(projected_at)
FROM folded
HAVING count(*) > 0
