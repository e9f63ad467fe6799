-- For a database that was made when its superuser was eventlog itself: that one is called postgres from now on,
-- and an eventlog that is no superuser owns the log. Once, with PostgreSQL running and nothing else of eventlog:
--
--     docker compose up -d postgres
--     docker compose exec -T postgres psql --username eventlog --dbname eventlog < compose/existing.sql
--     docker compose up -d
--
-- The database itself, its data and what was granted to others stay as they are.
\set ON_ERROR_STOP on
\set password `cat /run/secrets/eventlog_password`
\set superuser `cat /run/secrets/postgres_password`
-- Nobody can rename who they are.
CREATE ROLE eventlog_moving SUPERUSER LOGIN;
\connect eventlog eventlog_moving
BEGIN;
ALTER ROLE eventlog RENAME TO postgres;
ALTER ROLE postgres PASSWORD :'superuser';
CREATE ROLE eventlog LOGIN PASSWORD :'password';
GRANT eventlog_appender, eventlog_projector, eventlog_reader TO eventlog;
ALTER DATABASE eventlog OWNER TO eventlog;
SELECT format('ALTER SCHEMA %I OWNER TO eventlog', n.nspname)
FROM pg_namespace AS n
WHERE n.nspname IN ('eventlog', 'audit') OR n.nspname IN (SELECT schema_name FROM eventlog.projection_versions) \gexec
SELECT format('ALTER %s %I.%I OWNER TO eventlog', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, n.nspname, c.relname)
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v')
  AND (n.nspname IN ('eventlog', 'audit') OR n.nspname IN (SELECT schema_name FROM eventlog.projection_versions)) \gexec
SELECT format('ALTER FUNCTION %s OWNER TO eventlog', f.oid::regprocedure)
FROM pg_proc AS f
JOIN pg_namespace AS n ON n.oid = f.pronamespace
WHERE n.nspname IN ('eventlog', 'audit') OR n.nspname IN (SELECT schema_name FROM eventlog.projection_versions) \gexec
COMMIT;
\connect eventlog postgres
DROP ROLE eventlog_moving;
