COPY eventlog.inbox (partition, position, request_id, headers, topic, event_id, raw)
FROM STDIN (FORMAT binary)
