-- Whether this server can be written to and has the schema that this code needs.
SELECT (SELECT max(version) FROM eventlog.schema_migrations) AS schema_version,
       pg_is_in_recovery() AS standby,
       -- A partition of the log without a table takes no delivery.
       (SELECT count(*) FROM eventlog.partitions)
       - (SELECT count(*) FROM pg_inherits AS i WHERE i.inhparent = 'eventlog.inbox'::regclass) AS partitions_missing,
       (
{include fragments/workers.sql}
       ) AS workers,
       ARRAY(SELECT name FROM eventlog.projections WHERE live_version IS NULL ORDER BY name) AS dropped
