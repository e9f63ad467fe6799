-- Deliveries per bucket, and topic where that is asked for. A bucket that `since` or `until` lies in is counted
-- as a whole. One more row than wanted says that there are more.
SELECT c.topic, c.start, c.received
FROM (
    SELECT CASE WHEN %(by_topic)s::boolean THEN t.topic END AS topic,
           date_bin(%(bucket)s::interval, t.minute, '1970-01-01 00:00:00+00') AS start,
           sum(t.received)::bigint AS received
    FROM eventlog.timeline AS t
    WHERE t.partition = ANY (%(partitions)s::smallint[])
      AND t.topic >= %(topic_from)s::text
      AND t.topic < %(topic_to)s::text
      AND t.minute >= date_bin(%(bucket)s::interval, %(since)s::timestamptz, '1970-01-01 00:00:00+00')
      AND t.minute < coalesce(
          date_bin(%(bucket)s::interval, %(until)s::timestamptz - interval '1 microsecond', '1970-01-01 00:00:00+00')
              + %(bucket)s::interval,
          'infinity')
    GROUP BY 1, 2
) AS c
ORDER BY CASE WHEN %(newest_first)s::boolean THEN c.start END DESC, c.start, c.topic
LIMIT %(limit)s::integer + 1
