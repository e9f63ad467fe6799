-- What this transaction says must outlive whatever follows it.
SELECT set_config('synchronous_commit', 'on', true)
