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
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted) || CASE taking_on WHEN 'SET' THEN ' WITH SET TRUE' ELSE '' END;
        END IF;
    END LOOP;
END
$$;

-- Who asks in SQL logs in as a role of its own, since a role that a session has taken on can be taken
-- off by any statement. Without a password, until eventlog/audit/login.py sets one. An owner that may
-- not make roles goes on without it: somebody who may does, or EVENTLOG_AUDIT_DSN names another.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'eventlog_auditor') THEN
        CREATE ROLE eventlog_auditor LOGIN CONNECTION LIMIT 16;
    END IF;
    -- To end its sessions.
    IF NOT pg_has_role(current_user, 'eventlog_auditor', 'USAGE') THEN
        GRANT eventlog_auditor TO CURRENT_USER;
    END IF;
EXCEPTION
    -- Not ours to do; or another database of this server is doing it at this moment.
    WHEN insufficient_privilege OR duplicate_object OR unique_violation OR internal_error THEN
        RAISE LOG 'eventlog_auditor: %', SQLERRM;
END
$$;
