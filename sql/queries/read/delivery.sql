-- One delivery as it was received. `raw` as text: json would be parsed on its way.
SELECT topic, event_id, received_at, raw::text AS raw, publisher,
       headers ->> 'traceparent' AS traceparent, headers ->> 'tracestate' AS tracestate
FROM eventlog.inbox
WHERE partition = %(partition)s::smallint AND position = %(position)s::bigint
