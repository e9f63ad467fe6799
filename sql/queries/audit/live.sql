SELECT name, live_version FROM eventlog.projections WHERE name = ANY (%(projections)s)
