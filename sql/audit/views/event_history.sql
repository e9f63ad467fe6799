-- Starts from the event, whose key leads to its deliveries; the pending ones are looked for in what is
-- not projected yet.
CREATE OR REPLACE VIEW audit.event_history AS
SELECT h.topic,
       h.event_id,
       h.partition || ':' || h.position AS delivery,
       h.outcome,
       i.received_at,
       coalesce(i.source, audit.field(i.raw, 'source') #>> '{{}}') AS source,
       coalesce(i."timestamp"::text, audit.field(i.raw, 'timestamp') #>> '{{}}') AS "timestamp",
       CASE WHEN i.content_hash IS NULL THEN audit.field(i.raw, 'payload') ELSE i.raw -> 'payload' END AS payload,
       i.request_id,
       h.partition,
       h.position
FROM (
    SELECT e.partition, e.topic, e.event_id, e.position, 'unique' AS outcome
    FROM eventlog.partitions AS p
    JOIN {events} AS e ON e.partition = p.partition
    UNION ALL
    SELECT e.partition, e.topic, e.event_id, d.position,
           CASE WHEN EXISTS (
               SELECT
               FROM {conflicts} AS c
               WHERE c.partition = d.partition AND c.position = d.position
           ) THEN 'conflict' ELSE 'duplicate' END
    FROM eventlog.partitions AS p
    JOIN {events} AS e ON e.partition = p.partition
    JOIN {duplicates} AS d ON d.partition = e.partition AND d.first_position = e.position
    UNION ALL
    SELECT q.partition, q.topic, q.event_id, q.position, 'quarantined'
    FROM eventlog.partitions AS p
    JOIN eventlog.quarantine AS q ON q.partition = p.partition
    WHERE q.projection = 'core'
      AND q.version = {core_version}
    UNION ALL
    SELECT p.partition, w.topic, w.event_id, w.position, 'pending'
    FROM eventlog.partitions AS p
    -- OFFSET 0: from the checkpoint on, by position; nothing else may narrow it down first.
    CROSS JOIN LATERAL (
        SELECT l.topic, l.event_id, l.position
        FROM eventlog.inbox AS l
        WHERE l.partition = p.partition AND l.position > coalesce((
            SELECT s.last
            FROM eventlog.steps AS s
            WHERE s.partition = p.partition AND s.projection = 'core'
              AND s.version = {core_version}
            ORDER BY s.first DESC
            LIMIT 1
        ), 0)
        OFFSET 0
    ) AS w
) AS h
JOIN eventlog.inbox AS i ON i.partition = h.partition AND i.position = h.position;

COMMENT ON VIEW audit.event_history IS
    'Every delivery of an event, with what became of it: ask for a topic and an event_id.';
COMMENT ON COLUMN audit.event_history.topic IS 'The topic of the event.';
COMMENT ON COLUMN audit.event_history.event_id IS 'The id of the event.';
COMMENT ON COLUMN audit.event_history.delivery IS 'One of its deliveries, partition:position.';
COMMENT ON COLUMN audit.event_history.outcome IS 'unique, duplicate, conflict, quarantined or pending.';
COMMENT ON COLUMN audit.event_history.received_at IS 'When this delivery was received.';
COMMENT ON COLUMN audit.event_history.source IS 'Who this delivery says it is from.';
COMMENT ON COLUMN audit.event_history."timestamp" IS 'When it happened, as this delivery says.';
COMMENT ON COLUMN audit.event_history.payload IS 'The payload of this delivery, as it was sent.';
COMMENT ON COLUMN audit.event_history.request_id IS 'X-Request-Id of the request that brought it.';
COMMENT ON COLUMN audit.event_history.partition IS 'The partition in which its topic lives.';
COMMENT ON COLUMN audit.event_history.position IS 'Its place in the partition: 1, 2, 3 … without gaps.';
