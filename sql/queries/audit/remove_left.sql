-- Not by CASCADE: what somebody else has defined on it stays, and so it does.
DO $$
DECLARE
    gone    regnamespace := to_regnamespace(quote_ident({schema}));
    objects text;
BEGIN
    SELECT string_agg(c.oid::regclass::text, ', ') INTO objects
    FROM pg_class AS c
    WHERE c.relnamespace = gone AND c.relkind = 'v';
    IF objects IS NOT NULL THEN
        EXECUTE 'DROP VIEW ' || objects;
    END IF;
    SELECT string_agg(f.oid::regprocedure::text, ', ') INTO objects FROM pg_proc AS f WHERE f.pronamespace = gone;
    IF objects IS NOT NULL THEN
        EXECUTE 'DROP FUNCTION ' || objects;
    END IF;
    EXECUTE format('DROP SCHEMA %s', gone);
END
$$
