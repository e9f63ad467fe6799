UPDATE eventlog.operations
SET state = %(state)s, error = %(error)s, detail = %(detail)s::jsonb, phase = 'finished',
    done = CASE WHEN %(state)s = 'done' THEN total ELSE done END,
    finished_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = %(id)s AND state = 'running'
