-- name: live
SELECT name, live_version FROM eventlog.projections WHERE name = ANY (%(projections)s)

-- name: mark
COMMENT ON SCHEMA audit IS {mark}

-- name: name_session
-- For the session, since an error undoes what its transaction has set.
SET application_name = {name}

-- name: no_search_path
SELECT set_config('search_path', '', true)

-- name: number
SELECT to_regnamespace('audit')::oid AS number

-- name: prune
-- Keep the newest; ids grow, and gaps in them only keep fewer.
DELETE FROM eventlog.console_statements
WHERE id <= (SELECT max(id) FROM eventlog.console_statements) - %(keep)s

-- name: set_aside
-- No lock but on the schema's name: whoever reads its views goes on.
ALTER SCHEMA audit RENAME TO {before}

-- name: set_password
ALTER ROLE eventlog_auditor PASSWORD {verifier}
