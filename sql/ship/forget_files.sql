DELETE FROM files WHERE seen < :before
   OR rowid IN (SELECT rowid FROM files ORDER BY seen DESC LIMIT -1 OFFSET :most)
