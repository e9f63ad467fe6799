SELECT topic, event_id, "timestamp" AS moment, source, payload::text AS payload FROM eventlog.events
