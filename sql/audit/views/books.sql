CREATE OR REPLACE VIEW audit.books AS
SELECT sum(received)::bigint AS received,
       sum(unique_events)::bigint AS unique_events,
       sum(duplicates)::bigint AS duplicates,
       sum(conflicts)::bigint AS conflicts,
       sum(quarantined)::bigint AS quarantined,
       sum(pending)::bigint AS pending,
       bool_and(balanced) AS balanced
FROM audit.books_by_partition;

COMMENT ON VIEW audit.books IS
    'The books of the whole log, one row: received = unique_events + duplicates + quarantined + pending.';
COMMENT ON COLUMN audit.books.received IS 'Deliveries that the log has.';
COMMENT ON COLUMN audit.books.unique_events IS 'First deliveries of an event.';
COMMENT ON COLUMN audit.books.duplicates IS 'Deliveries of an event that was delivered before.';
COMMENT ON COLUMN audit.books.conflicts IS 'Duplicates whose source or payload differs; a part of them.';
COMMENT ON COLUMN audit.books.quarantined IS 'Deliveries that could not be projected.';
COMMENT ON COLUMN audit.books.pending IS 'Received and not yet projected.';
COMMENT ON COLUMN audit.books.balanced IS 'Whether every delivery of every partition is accounted for once.';
