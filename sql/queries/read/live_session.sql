-- How a session that reads what is new plans: along the indexes, whatever the statistics say, and once.
SELECT set_config('enable_seqscan', 'off', false),
       set_config('enable_bitmapscan', 'off', false),
       set_config('enable_memoize', 'off', false),
       set_config('plan_cache_mode', 'force_generic_plan', false)
