-- Who may connect to the database is said by name where it holds nothing but eventlog: else the API of another
-- database of the server, which becomes the same roles there, could read this one.
DO $$
DECLARE
    known text;
BEGIN
    SELECT string_agg(DISTINCT r.oid::regrole::text, ', ') INTO known
    FROM pg_roles AS r
    WHERE r.rolname IN (eventlog.login_of('api'), eventlog.login_of('worker'), eventlog.login_of('auditor'))
       -- And whoever was given rights on what is ours.
       OR r.oid IN (
           SELECT held.grantee
           FROM pg_namespace AS n
           CROSS JOIN LATERAL aclexplode(n.nspacl) AS held
           WHERE n.nspname IN ('eventlog', 'audit') AND held.privilege_type = 'USAGE'
             AND held.grantee::regrole::text NOT IN
                 ('eventlog_appender', 'eventlog_projector', 'eventlog_reader', 'eventlog_operator')
       );
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), known);
    EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
END
$$
