COPY eventlog.inbox
    (position, request_id, headers, publisher, partition, topic, source, "timestamp", content_hash, event_id, raw)
FROM STDIN (FORMAT binary)
