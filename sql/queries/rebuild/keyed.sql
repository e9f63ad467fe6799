UPDATE eventlog.projection_versions SET keyed = true WHERE projection = %(projection)s AND version = %(version)s
