-- json keeps any text that is JSON, and refuses to read one that has \u0000 or half a surrogate in it: a
-- single delivery of that kind would end every question that comes across it. Called for what came past the
-- door only, since it takes a subtransaction.
CREATE OR REPLACE FUNCTION audit.field(raw json, name text)
RETURNS json
LANGUAGE plpgsql
IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN raw -> name;
EXCEPTION
    WHEN data_exception THEN
        RETURN NULL;
END
$$;

COMMENT ON FUNCTION audit.field(json, text) IS 'One field of a delivery as it was received; NULL where its text cannot be read.';
