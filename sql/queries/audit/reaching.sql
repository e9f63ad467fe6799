-- The functions of PostgreSQL that a role may call ('public' is everybody) and that reach beyond a transaction
-- which is rolled back: write to the WAL, burn transaction ids, take advisory locks, change settings, sleep,
-- run SQL given as text. From pg_proc, so that new versions are covered, whose functions are everybody's
-- again after an upgrade: every volatile function that SQL can call, but those that are known to be harmless;
-- and of the others those that run SQL given as text, or take a transaction id.
SELECT f.oid::regprocedure AS function
FROM pg_proc AS f
WHERE f.pronamespace = 'pg_catalog'::regnamespace
  AND has_function_privilege({grantee}, f.oid, 'EXECUTE')
  AND (f.provolatile = 'v' AND f.proname !~ '^pg_stat_get_' AND f.proname <> ALL (ARRAY[
      -- Chance and time.
      'array_sample', 'array_shuffle', 'random', 'random_normal', 'setseed', 'gen_random_uuid', 'uuidv4', 'uuidv7',
      'clock_timestamp', 'timeofday', 'current_query',
      -- What goes on, for views of the catalogue and for monitoring.
      'pg_blocking_pids', 'pg_lock_status', 'pg_prepared_xact', 'pg_get_wait_events', 'pg_is_in_recovery',
      'pg_is_wal_replay_paused', 'pg_get_wal_replay_pause_state', 'pg_last_wal_receive_lsn', 'pg_last_wal_replay_lsn',
      'pg_last_xact_replay_timestamp', 'pg_current_wal_lsn', 'pg_current_wal_insert_lsn', 'pg_current_wal_flush_lsn',
      'pg_notification_queue_usage', 'pg_jit_available', 'pg_control_system', 'pg_control_checkpoint',
      'pg_control_recovery', 'pg_control_init', 'pg_get_wal_resource_managers', 'pg_get_loaded_modules',
      'pg_xact_status', 'txid_status', 'pg_xact_commit_timestamp', 'pg_xact_commit_timestamp_origin',
      'pg_last_committed_xact', 'pg_get_multixact_members',
      'pg_partition_tree', 'pg_partition_ancestors', 'pg_relation_size', 'pg_total_relation_size', 'pg_table_size',
      'pg_indexes_size', 'pg_database_size', 'pg_tablespace_size', 'pg_collation_actual_version',
      'pg_database_collation_actual_version', 'pg_extension_config_dump',
      -- Sequences have rights of their own, and do not move in a transaction that is read-only.
      'nextval', 'currval', 'lastval', 'setval', 'pg_sequence_last_value', 'pg_get_sequence_data',
      -- Called where functions and operator classes are made.
      'amvalidate', 'plpgsql_validator'
  ])
       OR f.proname ~ '^(table|schema|database)_to_xml'
       OR f.proname IN ('txid_current', 'pg_current_xact_id'))
  -- What SQL cannot call itself is called by PostgreSQL, which does not ask for the right.
  AND f.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype,
      'index_am_handler'::regtype, 'table_am_handler'::regtype, 'tsm_handler'::regtype,
      'language_handler'::regtype, 'fdw_handler'::regtype)
  AND 'internal'::regtype <> ALL (f.proargtypes::oid[])
ORDER BY f.proname, f.oid
