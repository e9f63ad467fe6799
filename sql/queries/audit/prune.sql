-- Keep the newest; ids grow, and gaps in them only keep fewer.
DELETE FROM eventlog.console_statements
WHERE id <= (SELECT max(id) FROM eventlog.console_statements) - %(keep)s
