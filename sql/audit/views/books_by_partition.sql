-- One row a partition. The counts are those of the core projection's steps.
CREATE OR REPLACE VIEW audit.books_by_partition AS
SELECT b.partition,
       b.received,
       coalesce(t.unique_events, 0)::bigint AS unique_events,
       coalesce(t.duplicates, 0)::bigint AS duplicates,
       coalesce(t.conflicts, 0)::bigint AS conflicts,
       coalesce(t.quarantined, 0)::bigint AS quarantined,
       b.received - b.checkpoint AS pending,
       b.received = coalesce(t.unique_events + t.duplicates + t.quarantined, 0) + (b.received - b.checkpoint)
           AS balanced,
       b.checkpoint
FROM (
    SELECT p.partition, live.name, live.live_version,
           greatest(p.archived_through, coalesce((
               SELECT max(i.position) FROM eventlog.inbox AS i WHERE i.partition = p.partition
           ), 0)) AS received,
           coalesce((
               SELECT s.last
               FROM eventlog.steps AS s
               WHERE s.partition = p.partition AND s.projection = live.name AND s.version = live.live_version
               ORDER BY s.first DESC
               LIMIT 1
           ), p.first_position - 1) AS checkpoint
    FROM eventlog.partitions AS p
    CROSS JOIN (SELECT name, live_version FROM eventlog.projections WHERE name = 'core') AS live
) AS b
LEFT JOIN LATERAL (
    SELECT sum(s.unique_count) AS unique_events,
           sum(s.duplicate_count) AS duplicates,
           sum(s.conflict_count) AS conflicts,
           sum(s.quarantined_count) AS quarantined
    FROM eventlog.steps AS s
    WHERE s.partition = b.partition AND s.projection = b.name AND s.version = b.live_version
) AS t ON true;

COMMENT ON VIEW audit.books_by_partition IS
    'The books of each partition: received = unique_events + duplicates + quarantined + pending.';
COMMENT ON COLUMN audit.books_by_partition.partition IS 'The partition.';
COMMENT ON COLUMN audit.books_by_partition.received IS 'Deliveries that the log has: its last position.';
COMMENT ON COLUMN audit.books_by_partition.unique_events IS 'First deliveries of an event.';
COMMENT ON COLUMN audit.books_by_partition.duplicates IS 'Deliveries of an event that was delivered before.';
COMMENT ON COLUMN audit.books_by_partition.conflicts IS 'Duplicates whose source or payload differs; a part of them.';
COMMENT ON COLUMN audit.books_by_partition.quarantined IS 'Deliveries that could not be projected.';
COMMENT ON COLUMN audit.books_by_partition.pending IS 'Received and not yet projected.';
COMMENT ON COLUMN audit.books_by_partition.balanced IS 'Whether every delivery is accounted for once.';
COMMENT ON COLUMN audit.books_by_partition.checkpoint IS 'The last position that is projected.';
