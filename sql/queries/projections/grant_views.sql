GRANT SELECT ON ALL TABLES IN SCHEMA eventlog TO eventlog_reader
