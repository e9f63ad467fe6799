-- title: Which topics are the biggest?
-- description: The topics with the most deliveries, and their duplicates.
-- parameter: most integer = 20; how many topics
SELECT topic, received, unique_events, duplicates, duplicate_percent, conflicts, quarantined
FROM books_by_topic
ORDER BY received DESC, topic
LIMIT :most::integer
