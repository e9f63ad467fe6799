SELECT set_config('search_path', 'eventlog, ' || quote_ident(%(schema)s) || ', public', false),
       set_config('timezone', 'UTC', false)
