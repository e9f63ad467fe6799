-- name: deliveries
SELECT topic, event_id, raw::text AS raw FROM eventlog.inbox

-- name: events
SELECT topic, event_id, "timestamp" AS moment, source, payload::text AS payload FROM eventlog.events

-- name: pending
SELECT coalesce(sum(eventlog.head_of(c.partition) - eventlog.checkpoint_of(c.projection, c.version, c.partition)), 0)::bigint AS pending
FROM eventlog.claims AS c
