-- Databases that somebody else has made in the embedded server.
SELECT d.datname::text AS name
FROM pg_database AS d
WHERE d.datname NOT IN ('eventlog', 'postgres', 'template0', 'template1')
ORDER BY d.datname
