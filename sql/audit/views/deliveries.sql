-- Sub-selects, not joins: what a question does not ask for costs it nothing, and a LIMIT ends it early.
CREATE OR REPLACE VIEW audit.deliveries AS
SELECT i.partition || ':' || i.position AS delivery,
       i.topic,
       i.event_id,
       CASE
           WHEN i.position > coalesce((
               SELECT s.last
               FROM eventlog.steps AS s
               WHERE s.partition = i.partition AND s.projection = 'core'
                 AND s.version = {core_version}
               ORDER BY s.first DESC
               LIMIT 1
           ), 0) THEN 'pending'
           WHEN i.position = (
               SELECT e.position
               FROM {events} AS e
               WHERE e.partition = i.partition AND e.topic = i.topic AND e.event_id = i.event_id
           ) THEN 'unique'
           WHEN EXISTS (
               SELECT
               FROM eventlog.quarantine AS q
               WHERE q.partition = i.partition AND q.position = i.position AND q.projection = 'core'
                 AND q.version = {core_version}
           ) THEN 'quarantined'
           WHEN EXISTS (
               SELECT
               FROM {conflicts} AS c
               WHERE c.partition = i.partition AND c.position = i.position
           ) THEN 'conflict'
           ELSE 'duplicate'
       END AS outcome,
       (
           SELECT e.partition || ':' || e.position
           FROM {events} AS e
           WHERE e.partition = i.partition AND e.topic = i.topic AND e.event_id = i.event_id
             AND e.position < i.position
       ) AS first_delivery,
       (
           SELECT q.cause
           FROM eventlog.quarantine AS q
           WHERE q.partition = i.partition AND q.position = i.position AND q.projection = 'core'
             AND q.version = {core_version}
       ) AS quarantine_cause,
       coalesce(i.source, audit.field(i.raw, 'source') #>> '{{}}') AS source,
       i."timestamp",
       i.received_at,
       i.publisher,
       i.request_id,
       octet_length(i.raw::text) AS bytes,
       i.raw,
       i.partition,
       i.position
FROM eventlog.inbox AS i;

COMMENT ON VIEW audit.deliveries IS
    'Every delivery that the log has, and what became of it. By partition and position at once; the outcome of millions takes long.';
COMMENT ON COLUMN audit.deliveries.delivery IS
    'partition:position, by which everything here names a delivery.';
COMMENT ON COLUMN audit.deliveries.topic IS 'The topic of its event.';
COMMENT ON COLUMN audit.deliveries.event_id IS 'The id of its event, unique within the topic.';
COMMENT ON COLUMN audit.deliveries.outcome IS
    'unique: the first of its event; duplicate: the event was there before; conflict: a duplicate with another source or payload; quarantined: it could not be projected; pending: not projected yet.';
COMMENT ON COLUMN audit.deliveries.first_delivery IS
    'The first delivery of the same event, where this is a later one.';
COMMENT ON COLUMN audit.deliveries.quarantine_cause IS 'Why it could not be projected.';
COMMENT ON COLUMN audit.deliveries.source IS 'Who says that it happened.';
COMMENT ON COLUMN audit.deliveries."timestamp" IS 'When it happened, as its publisher says.';
COMMENT ON COLUMN audit.deliveries.received_at IS
    'When the log took it in; never runs backwards within a partition.';
COMMENT ON COLUMN audit.deliveries.publisher IS 'The id of the key that it came with; NULL without one.';
COMMENT ON COLUMN audit.deliveries.request_id IS 'X-Request-Id of the request that brought it.';
COMMENT ON COLUMN audit.deliveries.bytes IS 'How long its text is.';
COMMENT ON COLUMN audit.deliveries.raw IS 'Its text, exactly as it was received.';
COMMENT ON COLUMN audit.deliveries.partition IS 'The partition in which its topic lives.';
COMMENT ON COLUMN audit.deliveries.position IS 'Its place in the partition: 1, 2, 3 … without gaps.';
