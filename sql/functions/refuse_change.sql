-- The log is append-only whoever asks, its owner included.
CREATE OR REPLACE FUNCTION eventlog.refuse_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% on %.% refused: the log is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'A wrong event is corrected by publishing another one.';
END
$$;
