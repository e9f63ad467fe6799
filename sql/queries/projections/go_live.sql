UPDATE eventlog.projections SET live_version = %(version)s WHERE name = %(projection)s
