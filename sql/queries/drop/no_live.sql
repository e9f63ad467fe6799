UPDATE eventlog.projections SET live_version = NULL WHERE name = %(projection)s
