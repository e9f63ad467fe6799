CREATE OR REPLACE VIEW audit.partitions AS
SELECT p.partition,
       p.first_position,
       greatest(p.archived_through, coalesce((
           SELECT max(i.position) FROM eventlog.inbox AS i WHERE i.partition = p.partition
       ), 0)) AS head,
       (
           SELECT i.received_at
           FROM eventlog.inbox AS i
           WHERE i.partition = p.partition AND i.position = p.first_position
       ) AS first_received_at,
       (
           SELECT i.received_at
           FROM eventlog.inbox AS i
           WHERE i.partition = p.partition
           ORDER BY i.position DESC
           LIMIT 1
       ) AS last_received_at
FROM eventlog.partitions AS p;

COMMENT ON VIEW audit.partitions IS
    'The partitions of the log. A topic lives in one: partition_of(topic). A moment is found by position_at(partition, moment), a time by span(since, until).';
COMMENT ON COLUMN audit.partitions.partition IS 'Its number.';
COMMENT ON COLUMN audit.partitions.first_position IS 'Where a replay starts.';
COMMENT ON COLUMN audit.partitions.head IS 'The last position.';
COMMENT ON COLUMN audit.partitions.first_received_at IS 'When the first delivery was received.';
COMMENT ON COLUMN audit.partitions.last_received_at IS 'When the last one was.';
