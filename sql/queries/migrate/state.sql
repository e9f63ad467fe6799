-- What the code must know of the schema before it works with it; no row where there is none.
SELECT (SELECT max(version) FROM eventlog.schema_migrations) AS schema_version,
       (SELECT count(*)::integer FROM eventlog.partitions) AS partitions
