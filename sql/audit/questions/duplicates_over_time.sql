-- title: When did duplicates come?
-- description: The deliveries of the last two days by the hour of their receipt, and how many of them are duplicates.
-- description: Any other time and bucket can be asked for.
-- parameter: since timestamptz = yesterday; received at this moment or later
-- parameter: until timestamptz = tomorrow; received before this moment
-- parameter: bucket interval = 1 hour; counted together
SELECT moment, received AS deliveries, duplicates, conflicts,
       round(100.0 * duplicates / nullif(received, 0), 2) AS duplicate_percent
FROM books_over_time(:since::timestamptz, :until::timestamptz, :bucket::interval)
ORDER BY moment
