-- Count one delivery that could not be digested.
INSERT INTO {schema}.stats_deltas
    (first, unique_count, duplicate_count, conflict_count, quarantined_count, partition, topic)
VALUES (%(position)s, 0, 0, 0, 1, %(partition)s, %(topic)s)
