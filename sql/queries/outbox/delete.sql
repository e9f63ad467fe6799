DELETE FROM eventlog.outbox WHERE id = ANY (%(ids)s)
