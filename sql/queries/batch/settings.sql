-- For this transaction: unqualified names are those of the version, no statement runs for ever, and each
-- is planned for its batch.
SELECT set_config('search_path', quote_ident(%(schema)s) || ', eventlog, public', true),
       set_config('statement_timeout', %(timeout)s, true),
       set_config('plan_cache_mode', 'force_custom_plan', true)
