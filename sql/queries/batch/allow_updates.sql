;
GRANT UPDATE ON ALL TABLES IN SCHEMA {schema} TO eventlog_projector;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO eventlog_projector;
