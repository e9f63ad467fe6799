-- name: create_schema
SELECT eventlog.make_schema('audit') WHERE to_regnamespace('audit') IS NULL

-- name: live
SELECT name, live_version FROM eventlog.projections WHERE name = ANY (%(projections)s)

-- name: mark
COMMENT ON SCHEMA audit IS {mark}

-- name: name_session
-- For the session, since an error undoes what its transaction has set.
SET application_name = {name}

-- name: no_search_path
SELECT set_config('search_path', '', true)

-- name: prune
-- Keep the newest; ids grow, and gaps in them only keep fewer.
DELETE FROM eventlog.console_statements
WHERE id <= (SELECT max(id) FROM eventlog.console_statements) - %(keep)s

-- name: set_aside
SELECT eventlog.set_audit_aside() AS before

-- name: set_password
ALTER ROLE eventlog_auditor PASSWORD {verifier}
