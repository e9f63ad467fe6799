SELECT version, name, checksum FROM eventlog.schema_migrations ORDER BY version
