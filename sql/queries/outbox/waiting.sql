SELECT EXISTS (SELECT FROM eventlog.outbox) AS waiting
