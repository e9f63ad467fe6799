CREATE OR REPLACE VIEW audit.conflicts AS
SELECT c.topic,
       c.event_id,
       c.partition || ':' || c.first_position AS first_delivery,
       c.partition || ':' || c.position AS delivery,
       f.received_at AS first_received_at,
       i.received_at,
       coalesce(f.source, f.raw ->> 'source') AS first_source,
       coalesce(i.source, i.raw ->> 'source') AS source,
       f.raw -> 'payload' AS first_payload,
       i.raw -> 'payload' AS payload,
       c.partition,
       c.position
FROM {conflicts} AS c
JOIN eventlog.inbox AS f ON f.partition = c.partition AND f.position = c.first_position
JOIN eventlog.inbox AS i ON i.partition = c.partition AND i.position = c.position;

COMMENT ON VIEW audit.conflicts IS
    'Duplicates whose source or payload differ from the first delivery, with both contents. The first one counts.';
COMMENT ON COLUMN audit.conflicts.topic IS 'The topic of the event.';
COMMENT ON COLUMN audit.conflicts.event_id IS 'The id of the event.';
COMMENT ON COLUMN audit.conflicts.first_delivery IS 'The delivery that counts.';
COMMENT ON COLUMN audit.conflicts.delivery IS 'The one that says something else.';
COMMENT ON COLUMN audit.conflicts.first_received_at IS 'When the first one was received.';
COMMENT ON COLUMN audit.conflicts.received_at IS 'When the other one was received.';
COMMENT ON COLUMN audit.conflicts.first_source IS 'Who the first one is from.';
COMMENT ON COLUMN audit.conflicts.source IS 'Who the other one is from.';
COMMENT ON COLUMN audit.conflicts.first_payload IS 'What the first one says.';
COMMENT ON COLUMN audit.conflicts.payload IS 'What the other one says.';
COMMENT ON COLUMN audit.conflicts.partition IS 'The partition of both.';
COMMENT ON COLUMN audit.conflicts.position IS 'The position of the later one.';
