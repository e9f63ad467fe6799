SELECT (SELECT max(age(datfrozenxid)) FROM pg_database) AS xid_age,
       current_setting('autovacuum_freeze_max_age')::bigint AS freeze_age,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint AS connections_max
