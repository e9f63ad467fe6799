-- Sub-selects, not joins: what a question does not ask for costs it nothing, and a LIMIT ends it early.
CREATE OR REPLACE VIEW audit.duplicates AS
SELECT d.partition || ':' || d.position AS delivery,
       d.partition || ':' || d.first_position AS first_delivery,
       (
           SELECT i.topic FROM eventlog.inbox AS i WHERE i.partition = d.partition AND i.position = d.position
       ) AS topic,
       (
           SELECT i.event_id FROM eventlog.inbox AS i WHERE i.partition = d.partition AND i.position = d.position
       ) AS event_id,
       (
           SELECT coalesce(i.source, i.raw ->> 'source')
           FROM eventlog.inbox AS i
           WHERE i.partition = d.partition AND i.position = d.position
       ) AS source,
       (
           SELECT i.received_at FROM eventlog.inbox AS i WHERE i.partition = d.partition AND i.position = d.position
       ) AS received_at,
       (
           SELECT i.received_at
           FROM eventlog.inbox AS i
           WHERE i.partition = d.partition AND i.position = d.first_position
       ) AS first_received_at,
       EXISTS (
           SELECT
           FROM {conflicts} AS c
           WHERE c.partition = d.partition AND c.position = d.position
       ) AS is_conflict,
       d.partition,
       d.position,
       d.first_position
FROM {duplicates} AS d;

COMMENT ON VIEW audit.duplicates IS
    'Deliveries of an event that was delivered before. Counts by topic are in books_by_topic, by source in the question duplicates_by_source.';
COMMENT ON COLUMN audit.duplicates.delivery IS 'The later delivery, partition:position.';
COMMENT ON COLUMN audit.duplicates.first_delivery IS 'The first delivery of the same event.';
COMMENT ON COLUMN audit.duplicates.topic IS 'The topic of the event.';
COMMENT ON COLUMN audit.duplicates.event_id IS 'The id of the event.';
COMMENT ON COLUMN audit.duplicates.source IS 'Who the later delivery is from.';
COMMENT ON COLUMN audit.duplicates.received_at IS 'When the later delivery was received.';
COMMENT ON COLUMN audit.duplicates.first_received_at IS 'When the first one was received.';
COMMENT ON COLUMN audit.duplicates.is_conflict IS 'Whether its source or payload differ from the first.';
COMMENT ON COLUMN audit.duplicates.partition IS 'The partition of both.';
COMMENT ON COLUMN audit.duplicates.position IS 'The position of the later one.';
COMMENT ON COLUMN audit.duplicates.first_position IS 'The position of the first one.';
