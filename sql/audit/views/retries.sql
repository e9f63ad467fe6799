CREATE OR REPLACE VIEW audit.retries AS
SELECT retried_at, projection, version, topic, event_id, positions,
       unique_count, duplicate_count, conflict_count, quarantined_count, partition, number
FROM eventlog.retries;

COMMENT ON VIEW audit.retries IS
    'Events that were taken out of quarantine, and by how much the counts changed.';
COMMENT ON COLUMN audit.retries.retried_at IS 'When.';
COMMENT ON COLUMN audit.retries.projection IS 'In which projection.';
COMMENT ON COLUMN audit.retries.version IS 'In which version of it.';
COMMENT ON COLUMN audit.retries.topic IS 'The topic of the event.';
COMMENT ON COLUMN audit.retries.event_id IS 'The id of the event.';
COMMENT ON COLUMN audit.retries.positions IS 'Its deliveries whose outcome changed.';
COMMENT ON COLUMN audit.retries.unique_count IS 'By how much the unique events changed.';
COMMENT ON COLUMN audit.retries.duplicate_count IS 'By how much the duplicates changed.';
COMMENT ON COLUMN audit.retries.conflict_count IS 'By how much the conflicts changed.';
COMMENT ON COLUMN audit.retries.quarantined_count IS 'By how much the quarantined changed.';
COMMENT ON COLUMN audit.retries.partition IS 'The partition of the event.';
COMMENT ON COLUMN audit.retries.number IS 'Counts the retries of a projection.';
