UPDATE eventlog.projections SET last_version = last_version + 1 WHERE name = %(projection)s
RETURNING last_version
