-- Whether this login becomes the operator for what the owner does elsewhere, and is not the owner. A database without
-- a log is nobody's yet.
SELECT coalesce(
    (
        SELECT pg_has_role(current_user, r.oid, 'USAGE') AND NOT pg_has_role(current_user, n.nspowner, 'USAGE')
        FROM pg_namespace AS n
        JOIN pg_roles AS r ON r.rolname = 'eventlog_operator'
        WHERE n.nspname = 'eventlog' AND has_schema_privilege(r.oid, n.oid, 'CREATE')
    ),
    false
)
