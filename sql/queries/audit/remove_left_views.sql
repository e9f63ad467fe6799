-- Not by CASCADE: what somebody else has defined on it stays, and so it does.
DO $$
DECLARE
    views text;
BEGIN
    SELECT string_agg(c.oid::regclass::text, ', ') INTO views
    FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace(quote_ident({schema})) AND c.relkind = 'v';
    IF views IS NOT NULL THEN
        EXECUTE 'DROP VIEW ' || views;
    END IF;
END
$$
