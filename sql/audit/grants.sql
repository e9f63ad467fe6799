-- The auditor reads the audit views, calls their functions, and has no other right.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO eventlog_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO eventlog_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA audit TO eventlog_reader;
-- So does the login that `eventlog migrate --roles` makes for it: it is ours where the log's owner is a member of it.
DO $$
DECLARE
    auditor regrole;
BEGIN
    FOR auditor IN
        SELECT r.oid FROM pg_roles AS r
        WHERE r.rolname = 'eventlog_auditor'
           OR (r.rolname = eventlog.login_of('auditor') AND EXISTS (
                   SELECT FROM pg_auth_members AS m
                   JOIN pg_namespace AS n ON n.nspname = 'eventlog' AND n.nspowner = m.member
                   WHERE m.roleid = r.oid
               ))
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA audit TO %s', auditor);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA audit TO %s', auditor);
        EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA audit TO %s', auditor);
    END LOOP;
END
$$;
