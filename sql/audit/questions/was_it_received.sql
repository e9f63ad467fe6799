-- title: Was this event received, when, how often?
-- description: Every delivery of one event, in log order, with what became of it.
-- parameter: topic text; the topic of the event
-- parameter: event_id text; the id of the event
SELECT delivery, outcome, received_at, source, "timestamp", payload, request_id
FROM event_history
WHERE partition = partition_of(:topic) AND topic = :topic AND event_id = :event_id
ORDER BY position
