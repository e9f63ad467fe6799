-- name: forget_plans
DEALLOCATE ALL

-- name: last_retry
-- The number of a projection's latest retry; 0 before the first.
SELECT coalesce(max(number), 0) AS last FROM eventlog.retries WHERE projection = %(projection)s::text
