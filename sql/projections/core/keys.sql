-- Keys and indexes of a version, made after a rebuild has filled it. Nothing is upserted: the keys are
-- there to raise if a delivery is ever projected twice, and for the step and the readers to find rows.

ALTER TABLE {schema}.events
    ADD CONSTRAINT event_once PRIMARY KEY (partition, topic, event_id);

-- Serves every listing by time: of one topic within its partition, of all topics by merging the
-- partitions. A second index (topic, timestamp, event_id) was measured to cost a fifth of the rate.
CREATE INDEX events_by_time ON {schema}.events (partition, "timestamp", topic, event_id);

ALTER TABLE {schema}.duplicates
    ADD CONSTRAINT duplicate_of_first PRIMARY KEY (partition, first_position, position);

ALTER TABLE {schema}.conflicts
    ADD CONSTRAINT conflict_of_duplicate PRIMARY KEY (partition, position);

ALTER TABLE {schema}.stats_deltas
    ADD CONSTRAINT delta_of_step PRIMARY KEY (partition, topic, first);
