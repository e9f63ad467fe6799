-- A batch for a projection written in Python, in log order.
SELECT b.partition, b.position, b.topic, b.event_id, b."timestamp", b.source, b.payload, b.received_at,
       b.raw::text AS raw
FROM {batch} AS b
ORDER BY b.position
