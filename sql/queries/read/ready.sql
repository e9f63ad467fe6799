-- Whether this server can be written to and has the schema that this code needs.
SELECT (SELECT max(version) FROM eventlog.schema_migrations) AS schema_version,
       pg_is_in_recovery() AS standby,
       -- A partition of the log without a table takes no delivery.
       (SELECT count(*) FROM eventlog.partitions)
       - (SELECT count(*) FROM pg_inherits AS i WHERE i.inhparent = 'eventlog.inbox'::regclass) AS partitions_missing,
       -- By what a worker holds while it lives: a pooler keeps sessions under a name that their client had.
       (SELECT count(*) FROM pg_locks AS l
        WHERE l.locktype = 'advisory' AND l.classid = hashtext('eventlog.worker')::oid AND l.mode = 'ExclusiveLock'
          AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())) AS workers,
       ARRAY(SELECT name FROM eventlog.projections WHERE live_version IS NULL ORDER BY name) AS dropped
