-- Our roles, whether they are there and whether our login may take them on: since 16 a membership can be
-- without that. And our login.
SELECT w.name,
       r.oid IS NOT NULL AS exists,
       coalesce(r.rolsuper, false) AS is_superuser,
       w.name = session_user AS is_ours,
       r.oid IS NOT NULL AND pg_has_role(
           session_user, r.oid,
           CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
       ) AS can_be_taken
FROM unnest(ARRAY['eventlog_appender', 'eventlog_projector', 'eventlog_reader', session_user::text]) AS w (name)
LEFT JOIN pg_roles AS r ON r.rolname = w.name
ORDER BY w.name
