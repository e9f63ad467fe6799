SELECT c.relname::text AS name FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('audit') AND c.relkind = 'v'
