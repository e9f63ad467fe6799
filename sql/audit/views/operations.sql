CREATE OR REPLACE VIEW audit.operations AS
SELECT o.started_at,
       o.kind,
       o.projection,
       CASE WHEN g.is_gone THEN 'failed' ELSE o.state END AS state,
       o.phase,
       o.done,
       o.total,
       o.finished_at,
       coalesce(o.finished_at, CASE WHEN g.is_gone THEN o.updated_at ELSE clock_timestamp() END) - o.started_at
           AS duration,
       CASE WHEN g.is_gone THEN 'its process ended' ELSE o.error END AS error,
       o.detail,
       o.id
FROM eventlog.operations AS o
CROSS JOIN LATERAL (
    SELECT o.state = 'running' AND NOT EXISTS (
        SELECT
        FROM pg_stat_activity AS a
        WHERE
{include fragments/operation_session.sql}
    ) AS is_gone
) AS g;

COMMENT ON VIEW audit.operations IS
    'Rebuilds, verifications, drops and retries: the latest thousand.';
COMMENT ON COLUMN audit.operations.started_at IS 'When it began.';
COMMENT ON COLUMN audit.operations.kind IS 'rebuild, verify, drop or retry.';
COMMENT ON COLUMN audit.operations.projection IS 'Of which projection.';
COMMENT ON COLUMN audit.operations.state IS 'running, done, failed or cancelled.';
COMMENT ON COLUMN audit.operations.phase IS 'What it did last.';
COMMENT ON COLUMN audit.operations.done IS 'Deliveries that it got through.';
COMMENT ON COLUMN audit.operations.total IS 'Deliveries that there were.';
COMMENT ON COLUMN audit.operations.finished_at IS 'When it ended.';
COMMENT ON COLUMN audit.operations.duration IS 'How long it took.';
COMMENT ON COLUMN audit.operations.error IS 'Why it failed.';
COMMENT ON COLUMN audit.operations.detail IS 'What came out of it; of a verification, what differs.';
COMMENT ON COLUMN audit.operations.id IS 'Its id, as in /operations/{{id}}.';
