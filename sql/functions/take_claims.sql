-- Claim partitions of one version of a projection, in the order given, those left out that other workers have,
-- until there are `enough` deliveries to project. Returns what is projected of each and what there is.
-- The claim is a row lock, held to the end of the worker's transaction: no lease, no clock, and a dead worker's
-- claim is gone with its connection. Each checkpoint is read by a statement of its own after the lock was
-- granted, whose snapshot has the last holder's step: a volatile function takes a new one for each.
-- SECURITY DEFINER, since FOR UPDATE wants the right to update, and claims are never updated.
CREATE OR REPLACE FUNCTION eventlog.take_claims(
    wanted_projection text, wanted_version integer, wanted_partitions smallint[], enough bigint)
RETURNS TABLE (partition smallint, checkpoint bigint, head bigint)
LANGUAGE plpgsql
VOLATILE
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    FOREACH partition IN ARRAY wanted_partitions LOOP
        EXIT WHEN enough <= 0;
        PERFORM FROM claims AS c
        WHERE c.partition = take_claims.partition
          AND c.projection = wanted_projection
          AND c.version = wanted_version
        FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        -- What checkpoint_of and head_of say, in one statement.
        SELECT coalesce((
                   SELECT s.last FROM steps AS s
                   WHERE s.partition = p.partition AND s.projection = wanted_projection AND s.version = wanted_version
                   ORDER BY s.first DESC
                   LIMIT 1
               ), p.archived_through),
               greatest((SELECT max(i.position) FROM inbox AS i WHERE i.partition = p.partition), p.archived_through)
        INTO checkpoint, head
        FROM partitions AS p
        WHERE p.partition = take_claims.partition;
        CONTINUE WHEN head <= checkpoint;
        RETURN NEXT;
        enough := enough - (head - checkpoint);
    END LOOP;
END
$$;
