-- Take the order lock of the wanted partitions and say where each one's head is.
--
-- Must run in a READ COMMITTED transaction: the lock is one statement and the heads are read by
-- a new one, whose snapshot is taken after the lock was granted. Read in one statement, the
-- heads would be those of before the wait, and the numbering would collide.
-- Locks ascend by partition, so that two appends never wait for each other in a circle.
-- A row lock, not an update: it leaves no dead row behind.
-- SECURITY DEFINER, since FOR UPDATE wants the right to update, and appenders must not have it.
CREATE OR REPLACE FUNCTION eventlog.lock_partitions(wanted smallint[])
RETURNS TABLE (partition smallint, head bigint)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM partitions AS p WHERE p.partition = ANY (wanted) ORDER BY p.partition FOR UPDATE;
    RETURN QUERY
        SELECT p.partition,
               greatest(p.archived_through, (SELECT max(i.position) FROM inbox AS i WHERE i.partition = p.partition))
        FROM partitions AS p
        WHERE p.partition = ANY (wanted)
        ORDER BY p.partition;
END
$$;
