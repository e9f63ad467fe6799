-- The role that asks in SQL: no row where it is missing. foreign_functions: of others than PostgreSQL and us,
-- which run as somebody else, or are written in what may do anything. loose: what to run
-- where settings of the role, of this database or of the server let what it asks into PostgreSQL's log.
SELECT r.rolname::text AS name,
       r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
       OR EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid) AS is_powerful,
       ARRAY(
           SELECT format('%I.%I(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid))
           FROM pg_proc AS f
           JOIN pg_namespace AS n ON n.oid = f.pronamespace
           JOIN pg_language AS l ON l.oid = f.prolang
           WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'audit')
             AND (f.prosecdef OR NOT l.lanpltrusted)
             AND f.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype)
             AND has_schema_privilege(r.oid, n.oid, 'USAGE')
             AND has_function_privilege(r.oid, f.oid, 'EXECUTE')
           ORDER BY 1
       ) AS foreign_functions,
       ARRAY(
           SELECT format('ALTER ROLE %I IN DATABASE %I SET %s = %s', r.rolname, current_database(), w.name, w.wanted)
           FROM (VALUES
               ('log_min_messages', '{fatal,panic}'::text[], 'fatal'),
               ('log_min_error_statement', '{panic}', 'panic'),
               ('log_parameter_max_length_on_error', '{0}', '0')
           ) AS w (name, good, wanted)
           WHERE coalesce(
               (
                   SELECT split_part(c.setting, '=', 2)
                   FROM pg_db_role_setting AS s
                   CROSS JOIN unnest(s.setconfig) AS c (setting)
                   WHERE s.setrole IN (0, r.oid)
                     AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
                     AND split_part(c.setting, '=', 1) = w.name
                   ORDER BY s.setrole = 0, s.setdatabase = 0
                   LIMIT 1
               ),
               current_setting(w.name)
           ) <> ALL (w.good)
       ) AS loose
FROM pg_roles AS r
WHERE r.rolname = CASE WHEN eventlog.operator_role() IS NULL THEN 'eventlog_auditor'
                       ELSE eventlog.login_of('auditor') END
