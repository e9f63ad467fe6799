SELECT topic, event_id, raw::text AS raw FROM eventlog.inbox
