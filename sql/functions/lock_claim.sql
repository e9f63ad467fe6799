-- Claim one partition of one version of a projection, or nothing when another worker has it.
-- The claim is this row lock, held to the end of the worker's transaction: no lease, no clock,
-- and a dead worker's claim is gone with its connection.
-- SECURITY DEFINER, since FOR UPDATE wants the right to update, and claims are never updated.
CREATE OR REPLACE FUNCTION eventlog.lock_claim(wanted_projection text, wanted_version integer, wanted_partition smallint)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    PERFORM FROM claims AS c
    WHERE c.partition = wanted_partition
      AND c.projection = wanted_projection
      AND c.version = wanted_version
    FOR UPDATE SKIP LOCKED;
    RETURN FOUND;
END
$$;
