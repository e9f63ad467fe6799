SELECT eventlog.unplug_views(%(schema_name)s, %(projection)s)
