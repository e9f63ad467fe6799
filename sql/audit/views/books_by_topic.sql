CREATE OR REPLACE VIEW audit.books_by_topic AS
SELECT topic,
       received,
       unique_processed AS unique_events,
       duplicate_dropped AS duplicates,
       conflicts,
       quarantined,
       round(100.0 * duplicate_dropped / nullif(received, 0), 2) AS duplicate_percent
FROM {stats} AS s;

COMMENT ON VIEW audit.books_by_topic IS
    'What is projected of each topic: received = unique_events + duplicates + quarantined.';
COMMENT ON COLUMN audit.books_by_topic.topic IS 'The topic.';
COMMENT ON COLUMN audit.books_by_topic.received IS 'Its deliveries that are projected or quarantined.';
COMMENT ON COLUMN audit.books_by_topic.unique_events IS 'First deliveries of an event.';
COMMENT ON COLUMN audit.books_by_topic.duplicates IS 'Deliveries of an event that was delivered before.';
COMMENT ON COLUMN audit.books_by_topic.conflicts IS
    'Duplicates whose source or payload differs; a part of them.';
COMMENT ON COLUMN audit.books_by_topic.quarantined IS 'Deliveries that could not be projected.';
COMMENT ON COLUMN audit.books_by_topic.duplicate_percent IS 'How many in a hundred were duplicates.';
