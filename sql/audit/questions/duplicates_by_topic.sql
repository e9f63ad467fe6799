-- title: Which topics are repeated the most?
-- description: The topics with the largest share of duplicates.
-- parameter: least integer = 100; only topics of at least so many deliveries
SELECT topic, duplicate_percent, duplicates, received, conflicts
FROM books_by_topic
WHERE received >= :least::integer
ORDER BY duplicate_percent DESC, topic
