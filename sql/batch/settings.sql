-- For this transaction: unqualified names are those of the version, and no statement runs for ever.
SELECT set_config('search_path', quote_ident(%(schema)s) || ', eventlog, public', true),
       set_config('statement_timeout', %(timeout)s, true)
