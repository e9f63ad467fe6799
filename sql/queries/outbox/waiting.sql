SELECT EXISTS (SELECT FROM eventlog.outbox WHERE id <> ALL (%(refused)s::bigint[])) AS waiting
