-- One event: its first delivery, as the live version has it.
SELECT e.topic, e.event_id, e."timestamp", e.source, delivery.payload,
       e.partition, e.position, delivery.received_at, e.processed_at
FROM eventlog.events AS e
CROSS JOIN LATERAL (
    SELECT (i.raw -> 'payload')::text AS payload, i.received_at
    FROM eventlog.inbox AS i
    WHERE i.partition = e.partition AND i.position = e.position
    OFFSET 0
) AS delivery
WHERE e.partition = %(partition)s::smallint AND e.topic = %(topic)s::text AND e.event_id = %(event_id)s::text
