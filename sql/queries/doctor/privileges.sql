-- What everybody but the owner may do with the log's tables: the whole table or single columns.
WITH log AS (
    SELECT c.oid, c.relname, c.relowner, c.relacl
    FROM pg_partition_tree('eventlog.inbox') AS t
    JOIN pg_class AS c ON c.oid = t.relid
), held AS (
    SELECT l.relname, NULL::text AS column_name, l.relowner, a.grantee, a.privilege_type
    FROM log AS l
    CROSS JOIN LATERAL aclexplode(l.relacl) AS a
    UNION ALL
    SELECT l.relname, t.attname::text, l.relowner, a.grantee, a.privilege_type
    FROM log AS l
    JOIN pg_attribute AS t ON t.attrelid = l.oid AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(t.attacl) AS a
)
SELECT h.relname::text AS table_name,
       coalesce(r.rolname::text, 'PUBLIC') AS grantee,
       h.privilege_type AS privilege,
       coalesce(array_agg(h.column_name ORDER BY h.column_name) FILTER (WHERE h.column_name IS NOT NULL),
                '{}') AS columns
FROM held AS h
LEFT JOIN pg_roles AS r ON r.oid = h.grantee
WHERE h.grantee <> h.relowner
GROUP BY h.relname, r.rolname, h.privilege_type
ORDER BY h.relname, r.rolname, h.privilege_type
