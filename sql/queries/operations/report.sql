UPDATE eventlog.operations
SET phase = %(phase)s, done = %(done)s, total = %(total)s, updated_at = clock_timestamp()
WHERE id = %(id)s AND state = 'running'
RETURNING cancel_requested
