CREATE TABLE {schema}.sums (
    partition smallint         NOT NULL,
    topic     text COLLATE "C" NOT NULL,
    total     numeric          NOT NULL,
    PRIMARY KEY (partition, topic)
);
