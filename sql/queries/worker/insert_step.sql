INSERT INTO eventlog.steps
    (partition, projection, version, first, last,
     unique_count, duplicate_count, conflict_count, quarantined_count, ignored_count)
VALUES
    (%(partition)s, %(projection)s, %(version)s, %(first)s, %(last)s,
     %(unique_count)s, %(duplicate_count)s, %(conflict_count)s, %(quarantined_count)s, %(ignored_count)s)
