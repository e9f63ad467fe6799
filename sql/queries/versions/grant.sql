-- Projectors insert and fold; nothing of a projection is ever updated in place.
GRANT USAGE ON SCHEMA {schema} TO eventlog_projector, eventlog_reader;
GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA {schema} TO eventlog_projector;
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO eventlog_reader;
