-- Once after connecting: which backend this is, and what it has of our settings.
SELECT pg_backend_pid(), {shown}
