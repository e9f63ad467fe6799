-- What reads every delivery of some time takes as long as there are many: a million some seconds. Hence
-- `latest`: of that time the latest so many, and since when that is.
CREATE OR REPLACE FUNCTION audit.span(since timestamptz, until timestamptz, latest bigint DEFAULT NULL)
RETURNS TABLE (partition smallint, first bigint, past bigint, counted_since timestamptz)
LANGUAGE plpgsql
STABLE PARALLEL SAFE ROWS 8
SET search_path = audit, pg_temp
AS $$
DECLARE
    total  bigint;
    low    timestamptz;
    high   timestamptz;
    middle timestamptz;
BEGIN
    SELECT sum(audit.position_at(p.partition, until)),
           greatest(since, min(p.first_received_at)),
           least(until, max(p.last_received_at) + interval '1 microsecond')
    INTO total, low, high
    FROM audit.partitions AS p;
    IF latest IS NULL OR latest >= total - (SELECT sum(position_at(p.partition, low)) FROM partitions AS p) THEN
        high := low;
    END IF;
    -- Halved: from `low` on there are too many, from `high` on few enough.
    WHILE high > low + interval '1 microsecond' LOOP
        middle := low + (high - low) / 2;
        IF latest < total - (SELECT sum(position_at(p.partition, middle)) FROM partitions AS p) THEN
            low := middle;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN QUERY
    SELECT p.partition, position_at(p.partition, high), position_at(p.partition, until), high
    FROM partitions AS p;
END
$$;

COMMENT ON FUNCTION audit.span(timestamptz, timestamptz, bigint) IS
    'The deliveries that were received in some time, as a range of positions (first <= position < past) in each partition; with a third argument, the latest so many of them at most.';
