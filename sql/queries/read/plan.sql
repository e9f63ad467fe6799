-- How the reads of this transaction are planned: along the indexes, whatever the statistics say.
-- A sort of all events is right for a small table and ruinous for the next million; statistics lag
-- behind a table that grows all the time. A plan made once fits all parameters, since every
-- statement here gives all its bounds.
SELECT set_config('enable_seqscan', 'off', true),
       set_config('enable_bitmapscan', 'off', true),
       set_config('enable_sort', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)
