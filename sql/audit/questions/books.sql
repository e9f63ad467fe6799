-- title: Do the books balance?
-- description: The counts of the whole log, and whether every delivery is accounted for once.
SELECT received, unique_events, duplicates, conflicts, quarantined, pending, balanced
FROM books
