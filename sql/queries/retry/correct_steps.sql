-- Correct the counts of the steps that have projected these positions. Each still adds up to its length,
-- by the same constraint as ever; the claim is held, so no step comes between.
WITH changed AS (
    SELECT position, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count
    FROM unnest(%(positions)s::bigint[], %(unique_counts)s::bigint[], %(duplicate_counts)s::bigint[],
                %(conflict_counts)s::bigint[], %(quarantined_counts)s::bigint[], %(ignored_counts)s::bigint[])
        AS given (position, unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count)
), correction AS MATERIALIZED (
    SELECT s.first,
           sum(c.unique_count) AS unique_count, sum(c.duplicate_count) AS duplicate_count,
           sum(c.conflict_count) AS conflict_count, sum(c.quarantined_count) AS quarantined_count,
           sum(c.ignored_count) AS ignored_count
    FROM changed AS c
    CROSS JOIN LATERAL (
        SELECT first
        FROM eventlog.steps
        WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
          AND first <= c.position
        ORDER BY first DESC
        LIMIT 1
    ) AS s
    GROUP BY s.first
), removed AS (
    DELETE FROM eventlog.steps AS s
    USING correction AS c
    WHERE s.partition = %(partition)s AND s.projection = %(projection)s AND s.version = %(version)s
      AND s.first = c.first
    RETURNING s.first, s.last, s.projected_at,
              s.unique_count + c.unique_count AS unique_count,
              s.duplicate_count + c.duplicate_count AS duplicate_count,
              s.conflict_count + c.conflict_count AS conflict_count,
              s.quarantined_count + c.quarantined_count AS quarantined_count,
              s.ignored_count + c.ignored_count AS ignored_count
)
INSERT INTO eventlog.steps
    (partition, projection, version, first, last,
     unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at)
SELECT %(partition)s, %(projection)s, %(version)s, first, last,
       unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count, projected_at
FROM removed
