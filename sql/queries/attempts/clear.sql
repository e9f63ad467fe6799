DELETE FROM eventlog.attempts
WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
