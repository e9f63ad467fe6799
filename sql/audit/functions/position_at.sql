-- SECURITY DEFINER, since the auditor reads nothing but views.
CREATE OR REPLACE FUNCTION audit.position_at(wanted smallint, moment timestamptz)
RETURNS bigint
LANGUAGE plpgsql
STABLE STRICT SECURITY DEFINER PARALLEL SAFE
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    RETURN eventlog.position_at(wanted, moment);
END
$$;

COMMENT ON FUNCTION audit.position_at(smallint, timestamptz) IS
    'The position of a partition''s first delivery that was received at this moment or later.';
