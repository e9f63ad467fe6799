(
    -- What intake let in has been read already.
    SELECT partition, position, topic, event_id, "timestamp", source, (raw -> 'payload')::jsonb AS payload,
           received_at, raw
    FROM eventlog.inbox
    WHERE partition = %(partition)s
      AND position BETWEEN %(first)s AND %(last)s
      AND position = ANY (%(positions)s::bigint[])
      AND content_hash IS NOT NULL
    UNION ALL
    -- What came past intake is read here, and raises where core would set it aside, too.
    SELECT i.partition, i.position, i.topic, i.event_id,
           CASE WHEN read.moment >= '1970-01-01 00:00:00+00' AND read.moment < '10000-01-01 00:00:00+00'
                THEN read.moment
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
    CROSS JOIN LATERAL
{include fragments/unread_event.sql}
    CROSS JOIN LATERAL (
        SELECT
{include fragments/unread_timestamp.sql} AS moment
    ) AS read
    WHERE i.partition = %(partition)s
      AND i.position BETWEEN %(first)s AND %(last)s
      AND i.position = ANY (%(positions)s::bigint[])
      AND i.content_hash IS NULL
)
