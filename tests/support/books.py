"""Whether the books balance, worked out in one statement, as one snapshot."""

import psycopg
from psycopg.rows import TupleRow

# What of each partition, and of all topics together, does not add up.
IMBALANCES = """
WITH book AS (
    SELECT p.partition,
           (SELECT count(*) FROM eventlog.inbox AS i WHERE i.partition = p.partition) AS head,
           coalesce(s.checkpoint, 0) AS checkpoint,
           coalesce(s.uniques, 0) AS uniques,
           coalesce(s.duplicates, 0) AS duplicates,
           coalesce(s.conflicts, 0) AS conflicts,
           coalesce(s.quarantined, 0) AS quarantined,
           (SELECT count(*) FROM core_1.events AS e WHERE e.partition = p.partition) AS event_rows,
           (SELECT count(*) FROM core_1.duplicates AS d WHERE d.partition = p.partition) AS duplicate_rows,
           (SELECT count(*) FROM core_1.conflicts AS c WHERE c.partition = p.partition) AS conflict_rows,
           (SELECT count(*) FROM eventlog.quarantine AS q
            WHERE q.partition = p.partition AND q.projection = 'core') AS quarantine_rows
    FROM eventlog.partitions AS p
    LEFT JOIN (
        SELECT partition, max(last) AS checkpoint, sum(unique_count) AS uniques,
               sum(duplicate_count) AS duplicates, sum(conflict_count) AS conflicts,
               sum(quarantined_count) AS quarantined
        FROM eventlog.steps
        WHERE projection = 'core'
        GROUP BY partition
    ) AS s USING (partition)
)
SELECT 'partition ' || partition || ' of ' || book::text
FROM book
WHERE checkpoint > head
   OR checkpoint <> uniques + duplicates + quarantined
   OR (uniques, duplicates, conflicts, quarantined)
      IS DISTINCT FROM (event_rows, duplicate_rows, conflict_rows, quarantine_rows)
UNION ALL
SELECT 'topics: ' || topics::text || ', partitions: ' || totals::text
FROM (SELECT coalesce(sum(unique_processed), 0), coalesce(sum(duplicate_dropped), 0),
             coalesce(sum(conflicts), 0), coalesce(sum(quarantined), 0) FROM eventlog.stats) AS topics,
     (SELECT sum(uniques), sum(duplicates), sum(conflicts), sum(quarantined) FROM book) AS totals
WHERE topics IS DISTINCT FROM totals
"""


def imbalances(connection: psycopg.Connection[TupleRow]) -> list[str]:
    """Return what does not add up; empty when the books balance."""
    return [row[0] for row in connection.execute(IMBALANCES.encode())]
