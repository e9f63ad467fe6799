-- As the server has them, not as somebody meant them.
SELECT name, current_setting(name) AS value
FROM unnest(ARRAY['server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method',
    'wal_level', 'shared_buffers', 'wal_buffers', 'max_wal_size', 'checkpoint_timeout', 'wal_compression',
    'wal_init_zero', 'autovacuum', 'jit', 'track_commit_timestamp']) AS name
