-- title: What came that day?
-- description: The topics of one day, how many deliveries each had, and from when to when.
-- parameter: day date = today; the day, in UTC
SELECT topic, sum(received)::bigint AS deliveries, min(minute) AS first_minute, max(minute) AS last_minute
FROM received_by_topic
WHERE minute >= :day::date::timestamptz AND minute < (:day::date + 1)::timestamptz
GROUP BY topic
ORDER BY deliveries DESC, topic
