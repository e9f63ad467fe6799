-- The settings of the role that asks in SQL, for whoever may set them: a superuser, who also lets the database's
-- owner do it from then on, or the owner. Does nothing where all is done.
--
-- What asks keeps to them by itself, but for those that no session may set for itself: how much goes into
-- temporary files, and what goes into PostgreSQL's log. Nothing that an auditor asks shall be in there, no
-- value, and no error, which repeats either: eventlog.console_statements has it, for its owner.
DO $$
DECLARE
    wanted  text[];
    owner   regrole;
    auditor text;
BEGIN
    SELECT d.datdba INTO owner FROM pg_database AS d WHERE d.datname = current_database();
    FOREACH wanted SLICE 1 IN ARRAY ARRAY[
        ['default_transaction_read_only', 'on'],
        ['statement_timeout', '60s'],
        ['temp_file_limit', '256MB'],
        ['log_min_messages', 'fatal'],
        ['log_min_error_statement', 'panic'],
        ['log_parameter_max_length_on_error', '0']
    ] LOOP
        IF (SELECT s.context <> 'user' FROM pg_settings AS s WHERE s.name = wanted[1]) THEN
            IF NOT has_parameter_privilege(owner, wanted[1], 'SET')
               AND (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user) THEN
                EXECUTE format('GRANT SET ON PARAMETER %I TO %s', wanted[1], owner);
            END IF;
            CONTINUE WHEN NOT has_parameter_privilege(wanted[1], 'SET');
        END IF;
        FOR auditor IN
            SELECT r.rolname
            FROM pg_roles AS r
            WHERE (r.rolname = 'eventlog_auditor'
                   -- The login that `eventlog migrate --roles` makes: ours where the log's owner is a member of it.
                   OR r.rolname = current_database() || '_auditor' AND EXISTS (
                       SELECT FROM pg_auth_members AS m
                       JOIN pg_namespace AS n ON n.nspname = 'eventlog' AND n.nspowner = m.member
                       WHERE m.roleid = r.oid))
              AND NOT EXISTS (
                  SELECT
                  FROM pg_db_role_setting AS s
                  WHERE s.setrole = r.oid AND s.setdatabase = 0 AND wanted[1] || '=' || wanted[2] = ANY (s.setconfig)
              )
        LOOP
            EXECUTE format('ALTER ROLE %I SET %I = %L', auditor, wanted[1], wanted[2]);
        END LOOP;
    END LOOP;
    -- What it was before statements that run over were counted apart.
    IF (SELECT r.rolconnlimit FROM pg_roles AS r WHERE r.rolname = 'eventlog_auditor') = 4 THEN
        ALTER ROLE eventlog_auditor CONNECTION LIMIT 16;
    END IF;
EXCEPTION
    -- Not ours to do; or another database of this server is doing it at this moment.
    WHEN insufficient_privilege OR unique_violation OR internal_error THEN
        RAISE LOG 'eventlog_auditor: %', SQLERRM;
END
$$;
