-- A session that fills: what it writes is made again when it is lost, and it sorts in memory.
SELECT set_config('synchronous_commit', 'off', false),
       set_config('work_mem', '128MB', false),
       set_config('maintenance_work_mem', '256MB', false),
       set_config('jit', 'off', false),
       set_config('plan_cache_mode', 'force_custom_plan', false)
