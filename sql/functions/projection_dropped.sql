-- What the stable views of a dropped projection are made of: reading them says why they cannot be
-- read, with the code of a table that is not there. VOLATILE, so that planning does not raise.
CREATE OR REPLACE FUNCTION eventlog.projection_dropped(name text)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
AS $$
BEGIN
    RAISE EXCEPTION 'projection % is dropped; a rebuild brings it back', name USING ERRCODE = 'undefined_table';
END
$$;
