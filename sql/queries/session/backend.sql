-- Of all servers that may be behind one address.
SELECT pg_backend_pid(), pg_postmaster_start_time()
