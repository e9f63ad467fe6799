-- name: named
SELECT eventlog.login_of('api') AS api, eventlog.login_of('worker') AS worker, eventlog.login_of('auditor') AS auditor

-- name: set_apart
-- From here on what belongs to projections is the operator's: eventlog.operator_role() says so.
GRANT USAGE, CREATE ON SCHEMA eventlog TO eventlog_operator

-- name: set_password
ALTER ROLE {login} PASSWORD {verifier}
