-- The last position of a partition. Reads the key backwards: one index probe.
-- Positions never start again, also when all of a partition is archived.
CREATE OR REPLACE FUNCTION eventlog.head_of(wanted smallint)
RETURNS bigint
LANGUAGE plpgsql
STABLE STRICT PARALLEL SAFE
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    RETURN greatest(
        (SELECT max(position) FROM inbox WHERE partition = wanted),
        (SELECT archived_through FROM partitions WHERE partition = wanted)
    );
END
$$;
