-- Claim the outbox, or say that another mover has it.
-- SECURITY DEFINER, since FOR UPDATE wants the right to update.
CREATE OR REPLACE FUNCTION eventlog.lock_outbox()
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    PERFORM FROM outbox_claim FOR UPDATE SKIP LOCKED;
    RETURN FOUND;
END
$$;
