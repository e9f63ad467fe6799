UPDATE eventlog.attempts
SET through = %(through)s, first = %(first)s, last = %(last)s, session = %(session)s, deaths = %(deaths)s
WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
