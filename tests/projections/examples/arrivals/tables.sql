CREATE TABLE {schema}.arrivals (
    partition smallint NOT NULL,
    position  bigint   NOT NULL,
    topic     text     NOT NULL,
    items     integer  NOT NULL,
    PRIMARY KEY (partition, position)
);
