-- The oldest rows, up to a number and a size; at least one, however large it is.
SELECT id, topic, event_id, raw
FROM (
    SELECT id, topic, event_id, raw::text AS raw,
           sum(octet_length(raw::text)) OVER (ORDER BY id) - octet_length(raw::text) AS bytes_before
    FROM (
        SELECT id, topic, event_id, raw
        FROM eventlog.outbox
        WHERE id <> ALL (%(refused)s::bigint[])
        ORDER BY id
        LIMIT %(events_max)s
    ) AS oldest
) AS measured
WHERE bytes_before < %(bytes_max)s
ORDER BY id
