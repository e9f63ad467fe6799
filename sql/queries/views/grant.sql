GRANT SELECT ON ALL TABLES IN SCHEMA eventlog TO eventlog_reader
;
-- As sql/grants.sql says: not even the digests of secrets are for readers.
REVOKE SELECT ON eventlog.key_secrets FROM eventlog_reader
