-- Give the schema audit another name, by its number, which never comes back; NULL where there is none. Takes no
-- lock but on the schema's name: whoever reads its views goes on.
-- SECURITY DEFINER, since to change the name of a schema takes the right to make any.
CREATE OR REPLACE FUNCTION eventlog.set_audit_aside()
RETURNS text
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
DECLARE
    before text := 'audit_before_' || to_regnamespace('audit')::oid;
BEGIN
    IF before IS NOT NULL THEN
        EXECUTE format('ALTER SCHEMA audit RENAME TO %I', before);
    END IF;
    RETURN before;
END
$$;
