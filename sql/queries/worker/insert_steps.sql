-- The rows that move the checkpoints. Announced, they wake who follows what is projected. Within the
-- transaction, other than the append's: its commit does not wait for the disk, so the lock that NOTIFY
-- takes is held for microseconds.
WITH recorded AS (
    INSERT INTO eventlog.steps
        (partition, projection, version, first, last,
         unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count)
    SELECT step.partition, %(projection)s, %(version)s, step.first, step.last,
           step.unique_count, step.duplicate_count, step.conflict_count, step.quarantined_count, step.ignored_count
    FROM unnest(
        %(partitions)s::smallint[], %(firsts)s::bigint[], %(lasts)s::bigint[],
        %(unique_counts)s::bigint[], %(duplicate_counts)s::bigint[], %(conflict_counts)s::bigint[],
        %(quarantined_counts)s::bigint[], %(ignored_counts)s::bigint[]
    ) AS step (partition, first, last,
               unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count)
)
SELECT pg_notify('eventlog_projected', '') WHERE %(announced)s
