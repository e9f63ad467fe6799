-- The largest `last` of a version's steps in a partition; before its first step, where the
-- replay starts less one. Steps do not overlap, so the largest `first` has the largest `last`.
CREATE OR REPLACE FUNCTION eventlog.checkpoint_of(
    wanted_projection text, wanted_version integer, wanted_partition smallint)
RETURNS bigint
LANGUAGE plpgsql
STABLE STRICT PARALLEL SAFE
SET search_path = eventlog, pg_temp
AS $$
BEGIN
    RETURN coalesce(
        (SELECT s.last FROM steps AS s
         WHERE s.partition = wanted_partition
           AND s.projection = wanted_projection
           AND s.version = wanted_version
         ORDER BY s.first DESC
         LIMIT 1),
        (SELECT p.first_position - 1 FROM partitions AS p WHERE p.partition = wanted_partition)
    );
END
$$;
