DELETE FROM eventlog.worker_sessions WHERE id = %(session)s
