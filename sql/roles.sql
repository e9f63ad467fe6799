-- The three roles that our own sessions take on. They cannot log in: a session logs in as
-- whoever runs eventlog and takes the role of the work that it does, so that a mistake in one
-- part cannot touch what belongs to another. Roles belong to the whole server; two databases
-- migrated at the same time may both try to make them.
DO $$
DECLARE
    wanted    text;
    taking_on text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['eventlog_appender', 'eventlog_projector', 'eventlog_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        -- A superuser may take on any role, anybody else must be a member; since 16, who creates
        -- a role is a member that may administer it but not take it on.
        IF NOT pg_has_role(current_user, wanted, taking_on) THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
END
$$;
