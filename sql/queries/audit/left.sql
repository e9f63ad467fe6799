-- Schemas of before, see eventlog/audit/install.py.
SELECT n.nspname::text AS schema
FROM pg_namespace AS n
WHERE n.nspname ~ '^audit_before_[0-9]+$' AND pg_has_role(n.nspowner, 'USAGE')
ORDER BY n.oid
