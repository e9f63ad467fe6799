UPDATE eventlog.attempts SET session = NULL
WHERE partition = %(partition)s AND projection = %(projection)s AND version = %(version)s
  AND session = %(session)s
