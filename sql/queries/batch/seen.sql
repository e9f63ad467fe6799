-- Which delivery was the first of each event that this version wants: what makes its input a set
-- of events. Its own, not core's, so that it can be dropped and rebuilt without regard to core.
CREATE TABLE {schema}.seen (
    position  bigint           NOT NULL,
    partition smallint         NOT NULL,
    topic     text COLLATE "C" NOT NULL,
    event_id  text COLLATE "C" NOT NULL,
    CONSTRAINT seen_once PRIMARY KEY (partition, topic, event_id)
);
