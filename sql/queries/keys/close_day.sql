UPDATE eventlog.keys SET day_is_whole = true WHERE id = %(id)s
