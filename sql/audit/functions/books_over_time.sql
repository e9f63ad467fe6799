-- received_at never runs backwards within a partition, so a moment is a position there, and what came
-- between two moments is a difference: no delivery is read. What became of them is told by which of these
-- boundaries a position lies between.
-- SECURITY DEFINER, since the auditor reads nothing but views, and those have more in them than positions.
CREATE OR REPLACE FUNCTION audit.books_over_time(since timestamptz, until timestamptz, bucket interval)
RETURNS TABLE (
    moment timestamptz, received bigint, unique_events bigint, duplicates bigint, conflicts bigint,
    quarantined bigint, pending bigint
)
LANGUAGE sql
STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path = eventlog, pg_temp
AS $$
    WITH log AS (
        SELECT coalesce(min(p.first_received_at), statement_timestamp()) AS begins,
               greatest(max(p.last_received_at), statement_timestamp()) AS ends
        FROM audit.partitions AS p
    ), moments AS MATERIALIZED (
        -- None before the log or after now; else counted from `since` on.
        SELECT m.moment, m.number::integer
        FROM log AS l
        CROSS JOIN generate_series(
            date_bin(bucket, greatest(since, l.begins), CASE WHEN isfinite(since) THEN since ELSE 'epoch' END),
            least(until - interval '1 microsecond', l.ends),
            bucket
        ) WITH ORDINALITY AS m (moment, number)
    ), boundaries AS MATERIALIZED (
        SELECT p.partition, c.checkpoint,
               array_agg(audit.position_at(p.partition, m.moment) ORDER BY m.number)
                   || audit.position_at(p.partition, until) AS positions
        FROM partitions AS p
        CROSS JOIN LATERAL (
            SELECT coalesce((
                SELECT s.last
                FROM steps AS s
                WHERE s.partition = p.partition AND s.projection = 'core' AND s.version = {core_version}
                ORDER BY s.first DESC
                LIMIT 1
            ), p.first_position - 1) AS checkpoint
        ) AS c
        CROSS JOIN moments AS m
        GROUP BY p.partition, c.checkpoint
    ), judged AS (
        SELECT width_bucket(j.position, b.positions) AS number,
               count(*) FILTER (WHERE j.outcome = 'duplicate') AS duplicates,
               count(*) FILTER (WHERE j.outcome = 'conflict') AS conflicts,
               count(*) FILTER (WHERE j.outcome = 'quarantined') AS quarantined
        FROM boundaries AS b
        JOIN (
            SELECT d.partition, d.position, 'duplicate' AS outcome FROM {duplicates} AS d
            UNION ALL
            SELECT d.partition, d.position, 'conflict' FROM {conflicts} AS d
            UNION ALL
            SELECT q.partition, q.position, 'quarantined'
            FROM quarantine AS q
            WHERE q.projection = 'core' AND q.version = {core_version}
        ) AS j ON j.partition = b.partition
              AND j.position >= b.positions[1] AND j.position < b.positions[cardinality(b.positions)]
        GROUP BY 1
    ), came AS (
        SELECT m.number, m.moment,
               sum(b.positions[m.number + 1] - b.positions[m.number])::bigint AS received,
               sum(greatest(0, b.positions[m.number + 1] - greatest(b.positions[m.number], b.checkpoint + 1)))::bigint
                   AS pending
        FROM moments AS m
        CROSS JOIN boundaries AS b
        GROUP BY m.number, m.moment
    )
    SELECT c.moment, c.received,
           c.received - coalesce(j.duplicates + j.quarantined, 0) - c.pending,
           coalesce(j.duplicates, 0), coalesce(j.conflicts, 0), coalesce(j.quarantined, 0), c.pending
    FROM came AS c
    LEFT JOIN judged AS j ON j.number = c.number
    ORDER BY c.moment
$$;

COMMENT ON FUNCTION audit.books_over_time(timestamptz, timestamptz, interval) IS
    'The books of what was received in some time, for each bucket of it (1 hour): received = unique_events + duplicates + quarantined + pending.';
