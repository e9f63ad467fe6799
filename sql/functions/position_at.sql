-- The position of a partition's first delivery that was received at a moment or later; one after the last
-- where there is none. received_at never runs backwards within a partition, so it is found by halving:
-- some 25 probes of the key, where an index would be paid for by every delivery.
CREATE OR REPLACE FUNCTION eventlog.position_at(wanted smallint, moment timestamptz)
RETURNS bigint
LANGUAGE plpgsql
STABLE STRICT PARALLEL SAFE
SET search_path = eventlog, pg_temp
-- Planned once, not at each probe.
SET plan_cache_mode = 'force_generic_plan'
AS $$
DECLARE
    low    bigint;
    high   bigint;
    middle bigint;
    found  timestamptz;
BEGIN
    -- The answer lies in low … high; high is one after the last delivery.
    SELECT p.archived_through + 1 INTO low FROM partitions AS p WHERE p.partition = wanted;
    SELECT coalesce(max(i.position) + 1, low) INTO high FROM inbox AS i WHERE i.partition = wanted;
    WHILE low < high LOOP
        middle := (low + high) / 2;
        SELECT i.received_at INTO found FROM inbox AS i WHERE i.partition = wanted AND i.position = middle;
        IF found < moment THEN
            low := middle + 1;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END
$$;
