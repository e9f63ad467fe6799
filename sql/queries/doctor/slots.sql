-- Replication slots that nobody reads: each keeps all WAL since it was last read.
SELECT slot_name::text AS name,
       coalesce(pg_wal_lsn_diff(
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
           restart_lsn), 0)::bigint AS bytes_kept
FROM pg_replication_slots
WHERE NOT active AND NOT temporary
ORDER BY slot_name
