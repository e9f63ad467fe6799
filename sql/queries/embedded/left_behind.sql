-- Settings that somebody made in this database or this server, and that neither a dump nor its roles carry.
SELECT format('ALTER DATABASE eventlog SET %s', s.setting) AS statement
FROM (
    SELECT unnest(d.setconfig) AS setting
    FROM pg_db_role_setting AS d
    WHERE d.setrole = 0 AND d.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS s
WHERE s.setting !~ '^search_path='
UNION ALL
SELECT format('ALTER SYSTEM SET %s = %s', f.name, quote_literal(f.setting))
FROM pg_file_settings AS f
WHERE f.sourcefile ~ 'postgresql\.auto\.conf$'
ORDER BY statement
