-- For a projection's step: raise, where an expression meets what the projection cannot digest.
-- VOLATILE, so that it is never evaluated while planning.
CREATE OR REPLACE FUNCTION eventlog.indigestible(cause text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
AS $$
BEGIN
    RAISE EXCEPTION '%', cause USING ERRCODE = 'data_exception';
END
$$;
