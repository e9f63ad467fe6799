-- What the login for a kind of work (api, worker, auditor) is called where logins are apart: roles belong to the
-- whole server, these to one database of it.
CREATE OR REPLACE FUNCTION eventlog.login_of(work text)
RETURNS text
LANGUAGE sql
STABLE
SET search_path = eventlog, pg_temp
AS $$
    SELECT current_database() || '_' || work
$$;
