-- Every acknowledged delivery lies where the answer said, byte for byte.
SELECT format('%s/%s, acknowledged at %s:%s in request %s, is not there',
              a.topic, a.event_id, a.partition, a.position, a.request_id)
FROM attempted AS a
WHERE a.outcome = 'ok'
  AND NOT a.by_outbox
  AND NOT EXISTS (
      SELECT FROM eventlog.inbox AS i
      WHERE i.partition = a.partition
        AND i.position = a.position
        AND i.request_id = a.request_id
        AND i.topic = a.topic
        AND i.event_id = a.event_id
        AND encode(sha256(convert_to(i.raw::text, 'UTF8')), 'hex') = a.sha256
  )
