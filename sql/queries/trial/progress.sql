-- How far a projection is behind, and what it last failed of.
SELECT coalesce(sum(eventlog.head_of(c.partition)
                    - eventlog.checkpoint_of(c.projection, c.version, c.partition)), 0)::bigint AS lag,
       (SELECT f.cause FROM eventlog.failures AS f
        WHERE f.projection = %(projection)s
        ORDER BY f.failed_at DESC
        LIMIT 1) AS failure
FROM eventlog.claims AS c
WHERE c.projection = %(projection)s
