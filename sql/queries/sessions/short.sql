-- name: act_as
-- What acts of this session are recorded with; see sql/functions/note_act.sql.
SELECT set_config('eventlog.actor', %(who)s, false)

-- name: as_operator
-- Become whom the projections belong to, where that is another than the log's owner.
SELECT set_config('role', o.role, false) FROM (SELECT eventlog.operator_role() AS role) AS o WHERE o.role IS NOT NULL

-- name: backend
-- Of all servers that may be behind one address.
SELECT pg_backend_pid(), pg_postmaster_start_time()

-- name: look
-- Once after connecting: which backend this is, and what it has of our settings.
SELECT pg_backend_pid(), {shown}

-- name: pin
SET {name} = {values}

-- name: shown
current_setting({name}, true)
