-- What a new embedded cluster gets before its first start, in single-user mode:
-- statements are separated by an empty line, and an error ends the bootstrap.
--
-- The owner is no superuser, so that what works here works on anyone's
-- PostgreSQL; CREATEROLE lets migrations make the roles that keep the log insert-only.

CREATE ROLE eventlog LOGIN CREATEROLE;

CREATE DATABASE eventlog OWNER eventlog;

-- The stable views (events, stats, …) resolve without a prefix for everyone.
ALTER DATABASE eventlog SET search_path = eventlog, public;
