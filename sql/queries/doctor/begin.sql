-- A doctor looks and does not touch, and gives up rather than make a sick server work hard.
SELECT set_config('default_transaction_read_only', 'on', false),
       set_config('statement_timeout', '20s', false),
       set_config('lock_timeout', '2s', false)
