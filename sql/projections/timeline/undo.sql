-- Take an event out of its minute again; fold.sql takes away the minute that is left empty.
INSERT INTO {schema}.fresh (first, minute, events, partition, topic)
SELECT %(first)s, date_bin('1 minute', b."timestamp", '1970-01-01 00:00:00+00'), -count(*), b.partition, b.topic
FROM {batch} AS b
GROUP BY b.partition, b.topic, 2
