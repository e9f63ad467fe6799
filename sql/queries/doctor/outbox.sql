SELECT count(*) AS waiting,
       greatest(extract(epoch FROM clock_timestamp() - min(published_at)), 0)::double precision AS oldest_seconds
FROM eventlog.outbox
