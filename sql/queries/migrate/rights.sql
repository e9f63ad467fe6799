-- What an administrator has to run before we can migrate, statement by statement; no row where we may do all
-- of it ourselves. Since 16, who may make roles may take on and pass on those alone that they have made.
WITH me AS (
    SELECT r.oid, r.rolsuper, r.rolcreaterole,
           current_setting('server_version_num')::integer >= 160000 AS has_set_option
    FROM pg_roles AS r
    WHERE r.rolname = current_user
), wanted AS (
    SELECT w.name, r.oid
    FROM unnest(ARRAY['eventlog_appender', 'eventlog_projector', 'eventlog_reader']) AS w (name)
    LEFT JOIN pg_roles AS r ON r.rolname = w.name
)
SELECT current_user::text AS role, current_database()::text AS database, n.statement
FROM (
    SELECT 1 AS place, format('CREATE ROLE %I NOLOGIN', w.name) AS statement
    FROM me
    CROSS JOIN wanted AS w
    WHERE w.oid IS NULL AND NOT me.rolsuper AND NOT me.rolcreaterole
    UNION ALL
    -- Said in full: a GRANT without options leaves those of a membership that is there as they are.
    SELECT 2, format('GRANT %s TO %I%s', string_agg(quote_ident(w.name), ', ' ORDER BY w.name), current_user,
                     CASE WHEN bool_or(me.has_set_option) THEN ' WITH SET TRUE' ELSE '' END)
    FROM me
    CROSS JOIN wanted AS w
    WHERE NOT me.rolsuper
      AND CASE
          WHEN w.oid IS NULL THEN NOT me.rolcreaterole
          ELSE NOT pg_has_role(w.oid, CASE WHEN me.has_set_option THEN 'SET' ELSE 'MEMBER' END)
               AND NOT pg_has_role(w.oid, 'MEMBER WITH ADMIN OPTION')
               AND (me.has_set_option OR NOT me.rolcreaterole)
      END
    HAVING count(*) > 0
    UNION ALL
    SELECT 3, format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)
    WHERE NOT has_database_privilege(current_database(), 'CREATE')
) AS n
ORDER BY n.place, n.statement
