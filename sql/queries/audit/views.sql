SELECT c.relname::text AS name FROM pg_class AS c WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind = 'v'
