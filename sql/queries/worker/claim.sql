SELECT eventlog.lock_claim(%(projection)s, %(version)s, %(partition)s) AS claimed
