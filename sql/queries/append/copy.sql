COPY eventlog.inbox
    (partition, position, request_id, headers, topic, event_id, "timestamp", content_hash, source, raw)
FROM STDIN (FORMAT binary)
