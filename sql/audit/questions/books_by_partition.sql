-- title: Do the books of each partition balance?
-- description: The counts of each partition, and whether every delivery is accounted for once.
SELECT partition, received, unique_events, duplicates, conflicts, quarantined, pending, balanced
FROM books_by_partition
ORDER BY partition
