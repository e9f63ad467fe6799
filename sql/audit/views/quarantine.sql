CREATE OR REPLACE VIEW audit.quarantine AS
SELECT q.projection,
       q.partition || ':' || q.position AS delivery,
       q.topic,
       q.event_id,
       q.sqlstate,
       q.cause,
       q.quarantined_at,
       i.received_at,
       i.raw,
       q.partition,
       q.position
FROM eventlog.quarantine AS q
JOIN eventlog.projections AS p ON p.name = q.projection AND p.live_version = q.version
JOIN eventlog.inbox AS i ON i.partition = q.partition AND i.position = q.position;

COMMENT ON VIEW audit.quarantine IS
    'Deliveries that a live projection could not digest; the rest of their batches went on.';
COMMENT ON COLUMN audit.quarantine.projection IS 'Which one could not.';
COMMENT ON COLUMN audit.quarantine.delivery IS 'The delivery, partition:position.';
COMMENT ON COLUMN audit.quarantine.topic IS 'Its topic.';
COMMENT ON COLUMN audit.quarantine.event_id IS 'Its event_id.';
COMMENT ON COLUMN audit.quarantine.sqlstate IS 'PostgreSQLs code for what is wrong with it.';
COMMENT ON COLUMN audit.quarantine.cause IS 'What is wrong with it.';
COMMENT ON COLUMN audit.quarantine.quarantined_at IS 'When it was set aside.';
COMMENT ON COLUMN audit.quarantine.received_at IS 'When it was received.';
COMMENT ON COLUMN audit.quarantine.raw IS 'Its text, exactly as it was received.';
COMMENT ON COLUMN audit.quarantine.partition IS 'The partition in which its topic lives.';
COMMENT ON COLUMN audit.quarantine.position IS 'Its place in the partition: 1, 2, 3 … without gaps.';
