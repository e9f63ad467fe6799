-- How many deliveries of each topic were received in each minute.
CREATE TABLE {schema}.minutes (
    minute    timestamptz      NOT NULL,
    received  bigint           NOT NULL,
    partition smallint         NOT NULL,
    topic     text COLLATE "C" NOT NULL,
    CONSTRAINT minute_of_topic PRIMARY KEY (partition, topic, minute)
);

-- What the latest steps add to that, one row a step, topic and minute; folded into it now and then.
-- Rows that are updated at every step would pile up dead versions under one long snapshot.
CREATE TABLE {schema}.fresh (
    first     bigint           NOT NULL,
    minute    timestamptz      NOT NULL,
    received  bigint           NOT NULL,
    partition smallint         NOT NULL,
    topic     text COLLATE "C" NOT NULL,
    CONSTRAINT delta_of_minute PRIMARY KEY (partition, topic, minute, first)
);
