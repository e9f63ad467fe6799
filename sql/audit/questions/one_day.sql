-- title: What did that day look like?
-- description: The books of one day, hour by hour: what was received, and what became of it. Its topics are in the
-- description: question topics_of_a_day, its sources in duplicates_by_source.
-- parameter: day date = today; the day, in UTC
SELECT moment AS hour, received, unique_events, duplicates, conflicts, quarantined, pending
FROM books_over_time(:day::date::timestamptz, (:day::date + 1)::timestamptz, '1 hour')
ORDER BY moment
