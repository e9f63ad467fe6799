COPY eventlog.inbox
    (position, request_id, format, headers, publisher, partition, topic, source, "timestamp", content_hash,
     event_id, raw)
FROM STDIN (FORMAT binary)
