-- How many events each topic has in each minute, by their own time. As deltas, one row a step, topic
-- and minute, folded now and then: rows updated at every step would pile up dead versions under one
-- long snapshot.
CREATE TABLE {schema}.minutes (
    first     bigint           NOT NULL,
    minute    timestamptz      NOT NULL,
    events    bigint           NOT NULL,
    partition smallint         NOT NULL,
    topic     text COLLATE "C" NOT NULL,
    CONSTRAINT delta_of_minute PRIMARY KEY (partition, topic, minute, first)
);
