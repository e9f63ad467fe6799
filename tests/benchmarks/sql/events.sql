SELECT sum(unique_processed)::bigint AS events
FROM eventlog.stats
