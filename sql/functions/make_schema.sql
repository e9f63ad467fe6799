-- Make the schema of a version of a projection that is registered, or the one of the audit views.
-- SECURITY DEFINER, since who operates projections may make no other schema of the database.
CREATE OR REPLACE FUNCTION eventlog.make_schema(wanted text)
RETURNS void
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    IF wanted <> 'audit' AND NOT EXISTS (
        SELECT FROM projection_versions AS v
        WHERE v.schema_name = wanted AND v.schema_name = v.projection || '_' || v.version
    ) THEN
        RAISE EXCEPTION 'schema % is of no version of a projection', wanted USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('CREATE SCHEMA %I', wanted) || coalesce(' AUTHORIZATION ' || quote_ident(operator_role()), '');
END
$$;
