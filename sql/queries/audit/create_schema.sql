-- Tried only where it is missing: IF NOT EXISTS still asks for the right to create.
DO $$
BEGIN
    IF to_regnamespace('audit') IS NULL THEN
        CREATE SCHEMA audit;
    END IF;
END
$$
