-- name: cancel_operation
UPDATE eventlog.operations SET cancel_requested = true WHERE id = %(id)s AND state = 'running'
