-- What there is beside the views, which are gone. Not by CASCADE either.
DO $$
DECLARE
    functions text;
BEGIN
    SELECT string_agg(f.oid::regprocedure::text, ', ') INTO functions
    FROM pg_proc AS f
    WHERE f.pronamespace = to_regnamespace(quote_ident({schema}));
    IF functions IS NOT NULL THEN
        EXECUTE 'DROP FUNCTION ' || functions;
    END IF;
    EXECUTE format('DROP SCHEMA %I', {schema});
END
$$
