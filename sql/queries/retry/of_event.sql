-- The quarantined deliveries of one event, in log order.
SELECT position
FROM eventlog.quarantine
WHERE partition = %(partition)s AND topic = %(topic)s AND event_id = %(event_id)s
  AND projection = %(projection)s AND version = %(version)s
ORDER BY position
