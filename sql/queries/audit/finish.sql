UPDATE eventlog.console_statements
SET finished_at = clock_timestamp(),
    rows = %(rows)s,
    truncated = %(truncated)s,
    sqlstate = %(sqlstate)s,
    error = %(error)s
WHERE id = %(id)s
