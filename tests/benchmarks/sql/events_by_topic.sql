SELECT topic, count(*) AS events FROM eventlog.events GROUP BY topic
