SELECT clock_timestamp() AS now,
       (SELECT max(i.received_at)
        FROM eventlog.partitions AS p
        JOIN eventlog.inbox AS i ON i.partition = p.partition AND i.position = eventlog.head_of(p.partition)
       ) AS newest
