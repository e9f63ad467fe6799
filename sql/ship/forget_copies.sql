DELETE FROM copies WHERE seen < :before
   OR rowid IN (SELECT rowid FROM copies ORDER BY seen DESC LIMIT -1 OFFSET :most)
