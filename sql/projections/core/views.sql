-- The stable names of the live version, for people and for the API. Replaced, never dropped:
-- views on top follow and grants stay.

CREATE OR REPLACE VIEW eventlog.events AS
SELECT e.topic, e.event_id, e."timestamp", e.source,
       -- Sub-selects, not a join: what a query does not ask for costs it nothing.
       (SELECT i.raw -> 'payload' FROM eventlog.inbox AS i
        WHERE i.partition = e.partition AND i.position = e.position) AS payload,
       e.partition, e.position,
       (SELECT i.received_at FROM eventlog.inbox AS i
        WHERE i.partition = e.partition AND i.position = e.position) AS received_at,
       e.processed_at
FROM {schema}.events AS e;

COMMENT ON VIEW eventlog.events IS 'The deduplicated events: of each (topic, event_id), the first delivery.';

CREATE OR REPLACE VIEW eventlog.duplicates AS
SELECT partition, position, first_position
FROM {schema}.duplicates;

COMMENT ON VIEW eventlog.duplicates IS 'Deliveries that repeat an earlier one, and the position of that first one.';

CREATE OR REPLACE VIEW eventlog.conflicts AS
SELECT partition, position, first_position, topic, event_id
FROM {schema}.conflicts;

COMMENT ON VIEW eventlog.conflicts IS 'Duplicates whose source or payload differ from the first delivery''s.';

CREATE OR REPLACE VIEW eventlog.stats AS
SELECT topic,
       sum(unique_count + duplicate_count + quarantined_count)::bigint AS received,
       sum(unique_count)::bigint AS unique_processed,
       sum(duplicate_count)::bigint AS duplicate_dropped,
       sum(conflict_count)::bigint AS conflicts,
       sum(quarantined_count)::bigint AS quarantined
FROM {schema}.stats_deltas
GROUP BY topic;

COMMENT ON VIEW eventlog.stats IS 'What was projected, per topic: received = unique_processed + duplicate_dropped + quarantined.';
