CREATE OR REPLACE VIEW audit.views AS
SELECT c.relname::text AS view_name,
       obj_description(c.oid, 'pg_class') AS what,
       string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind = 'v'
GROUP BY c.oid, c.relname;

COMMENT ON VIEW audit.views IS
    'What can be asked here: each of these views.';
COMMENT ON COLUMN audit.views.view_name IS 'Its name.';
COMMENT ON COLUMN audit.views.what IS 'What it has.';
COMMENT ON COLUMN audit.views.columns IS 'Its columns.';
