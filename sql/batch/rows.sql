(
    -- What the door let in has been read already.
    SELECT partition, position, topic, event_id, "timestamp", source, (raw -> 'payload')::jsonb AS payload,
           received_at, raw
    FROM eventlog.inbox
    WHERE partition = %(partition)s
      AND position BETWEEN %(first)s AND %(last)s
      AND position = ANY (%(positions)s::bigint[])
      AND content_hash IS NOT NULL
    UNION ALL
    -- What came past the door is read here, and raises where core would set it aside, too.
    SELECT i.partition, i.position, i.topic, i.event_id,
           CASE WHEN event."timestamp" LIKE '____-__-__%%'
                 AND event."timestamp"::timestamptz >= '1970-01-01 00:00:00+00'
                 AND event."timestamp"::timestamptz < '10000-01-01 00:00:00+00'
                THEN event."timestamp"::timestamptz
                ELSE eventlog.indigestible('timestamp is no date and time')::timestamptz
           END,
           CASE WHEN event.source IS NOT NULL
                THEN event.source
                ELSE eventlog.indigestible('source is missing')
           END,
           CASE WHEN jsonb_typeof(event.payload) = 'object'
                THEN event.payload
                ELSE eventlog.indigestible('payload is no JSON object')::jsonb
           END,
           i.received_at, i.raw
    FROM eventlog.inbox AS i
    CROSS JOIN LATERAL json_to_record(i.raw)
        AS event ("timestamp" text, source text, payload jsonb)
    WHERE i.partition = %(partition)s
      AND i.position BETWEEN %(first)s AND %(last)s
      AND i.position = ANY (%(positions)s::bigint[])
      AND i.content_hash IS NULL
)
