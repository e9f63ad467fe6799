-- Run once by PostgreSQL's image, as its superuser, in a new database: who owns it and what our sessions become.
-- eventlog logs in as the owner, which is no superuser and may make no roles, so that nothing of it can undo
-- what keeps the log append-only.
\set password `cat /run/secrets/eventlog_password`
CREATE ROLE eventlog LOGIN PASSWORD :'password';
ALTER DATABASE eventlog OWNER TO eventlog;
CREATE ROLE eventlog_appender NOLOGIN;
CREATE ROLE eventlog_projector NOLOGIN;
CREATE ROLE eventlog_reader NOLOGIN;
GRANT eventlog_appender, eventlog_projector, eventlog_reader TO eventlog;
