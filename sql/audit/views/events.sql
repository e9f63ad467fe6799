-- By way of the partitions, since every index begins with them: one probe each, instead of all events.
CREATE OR REPLACE VIEW audit.events AS
SELECT e.topic,
       e.event_id,
       e."timestamp",
       e.source,
       e.payload,
       e.partition || ':' || e.position AS delivery,
       e.received_at,
       e.processed_at,
       1 + (
           SELECT count(*)
           FROM {duplicates} AS d
           WHERE d.partition = e.partition AND d.first_position = e.position
       ) AS deliveries,
       e.partition,
       e.position
FROM eventlog.partitions AS p
JOIN {events} AS e ON e.partition = p.partition;

COMMENT ON VIEW audit.events IS
    'The deduplicated events: of each topic and event_id, the first delivery. By topic and event_id at once, as by a short time of `timestamp`.';
COMMENT ON COLUMN audit.events.topic IS 'What kind of event it is.';
COMMENT ON COLUMN audit.events.event_id IS 'Its id, unique within the topic for ever.';
COMMENT ON COLUMN audit.events."timestamp" IS 'When it happened, as its publisher says.';
COMMENT ON COLUMN audit.events.source IS 'Who says so.';
COMMENT ON COLUMN audit.events.payload IS 'What happened: the text that was sent.';
COMMENT ON COLUMN audit.events.delivery IS 'Its first delivery, partition:position.';
COMMENT ON COLUMN audit.events.received_at IS 'When the first delivery was received.';
COMMENT ON COLUMN audit.events.processed_at IS 'When it was projected.';
COMMENT ON COLUMN audit.events.deliveries IS 'How often it was delivered: 1 where there are no duplicates.';
COMMENT ON COLUMN audit.events.partition IS 'The partition in which its topic lives.';
COMMENT ON COLUMN audit.events.position IS 'Its place in the partition: 1, 2, 3 … without gaps.';
