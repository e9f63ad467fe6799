-- Others have things in the database, too, so everybody may go on connecting.
DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I, %I', current_database(), eventlog.login_of('api'),
                   eventlog.login_of('worker'), eventlog.login_of('auditor'));
END
$$
