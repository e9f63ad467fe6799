SELECT set_config('synchronous_commit', 'off', true),
       set_config('work_mem', '128MB', true),
       set_config('temp_buffers', '64MB', true),
       set_config('maintenance_work_mem', '256MB', true),
       set_config('jit', 'off', true),
       -- A step of somebody's own sets these two for its transaction, which is this one.
       set_config('search_path', 'eventlog, public', true),
       set_config('statement_timeout', '0', true),
       set_config('timezone', 'UTC', true),
       set_config('plan_cache_mode', 'force_custom_plan', true)
