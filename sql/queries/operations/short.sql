-- name: fence
-- First in every transaction of an operation: nothing once somebody has taken its place.
SELECT id FROM eventlog.operations WHERE id = %(id)s AND state = 'running' FOR KEY SHARE
