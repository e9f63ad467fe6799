-- Say what changed. One retry of a projection at a time, so numbers are in commit order, without gaps.
INSERT INTO eventlog.retries
    (projection, number, version, partition, topic, event_id, positions,
     unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count)
SELECT %(projection)s,
       1 + coalesce((SELECT max(number) FROM eventlog.retries WHERE projection = %(projection)s), 0),
       %(version)s, %(partition)s, %(topic)s, %(event_id)s, %(positions)s,
       sum(unique_count), sum(duplicate_count), sum(conflict_count), sum(quarantined_count), sum(ignored_count)
FROM unnest(%(unique_counts)s::bigint[], %(duplicate_counts)s::bigint[], %(conflict_counts)s::bigint[],
            %(quarantined_counts)s::bigint[], %(ignored_counts)s::bigint[])
    AS given (unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count)
