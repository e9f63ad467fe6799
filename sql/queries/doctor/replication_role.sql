-- Which rules of the database our sessions obey, and by whose word.
SELECT setting AS value, source FROM pg_settings WHERE name = 'session_replication_role'
