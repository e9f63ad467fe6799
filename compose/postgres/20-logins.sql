-- Logins for API, workers and auditor, as `eventlog migrate --roles` would make them if the owner could make roles.
-- Run once by PostgreSQL's image, after 10-owner.sql; by hand in a database from before. What is there stays, and
-- takes the passwords of the secrets.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
\set api `sed 's#^[^:]*://[^:]*:\([^@]*\)@.*#\1#' /run/secrets/api_dsn`
\set worker `sed 's#^[^:]*://[^:]*:\([^@]*\)@.*#\1#' /run/secrets/worker_dsn`
\set auditor `sed 's#^[^:]*://[^:]*:\([^@]*\)@.*#\1#' /run/secrets/auditor_dsn`
SELECT format('CREATE ROLE %I %s', w.name, w.attributes)
FROM (VALUES ('eventlog_operator', 'NOLOGIN'), ('eventlog_api', 'LOGIN'), ('eventlog_worker', 'LOGIN'),
             ('eventlog_auditor', 'LOGIN CONNECTION LIMIT 16')) AS w (name, attributes)
WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = w.name) \gexec
ALTER ROLE eventlog_api PASSWORD :'api';
ALTER ROLE eventlog_worker PASSWORD :'worker';
ALTER ROLE eventlog_auditor PASSWORD :'auditor';
GRANT eventlog_projector, eventlog_reader TO eventlog_operator;
GRANT eventlog_operator, eventlog_auditor TO eventlog;
GRANT eventlog_appender, eventlog_projector, eventlog_reader, eventlog_operator, eventlog_auditor TO eventlog_api;
GRANT eventlog_projector TO eventlog_worker;
