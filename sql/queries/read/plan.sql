-- How the reads of this transaction are planned: along the indexes, whatever the statistics say.
-- A sort of all events is right for a small table and ruinous for the next million; statistics lag
-- behind a table that grows all the time. A plan made once fits all parameters, since every
-- statement here gives all its bounds.
-- And which version is live: NULL while the projection is dropped.
SELECT p.live_version
FROM eventlog.projections AS p
CROSS JOIN LATERAL (
    SELECT set_config('enable_seqscan', 'off', true),
           set_config('enable_bitmapscan', 'off', true),
           set_config('enable_sort', 'off', true),
           set_config('enable_memoize', 'off', true),
           set_config('plan_cache_mode', 'force_generic_plan', true)
    OFFSET 0
) AS planned
WHERE p.name = 'core'
