-- title: Was anything changed?
-- description: Deliveries of one day that say something else than the first delivery of their event, with both
-- description: contents.
-- parameter: day date = today; the day, in UTC
SELECT topic, event_id, delivery, first_delivery, received_at, first_received_at,
       first_source, source, first_payload, payload
FROM conflicts
WHERE received_at >= :day::date::timestamptz AND received_at < (:day::date + 1)::timestamptz
ORDER BY received_at, delivery
