-- What retries of a projection changed, in commit order.
SELECT number, projection, version, topic, event_id,
       (SELECT array_agg(r.partition || ':' || position ORDER BY position) FROM unnest(r.positions) AS position)
           AS deliveries,
       unique_count AS unique_processed, duplicate_count AS duplicate_dropped,
       conflict_count AS conflicts, quarantined_count AS quarantined, retried_at
FROM eventlog.retries AS r
WHERE projection = %(projection)s::text AND number > %(after)s::bigint
ORDER BY number
LIMIT %(limit)s::integer
