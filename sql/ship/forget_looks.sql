DELETE FROM looks WHERE looked < :before
   OR rowid IN (SELECT rowid FROM looks ORDER BY looked DESC LIMIT -1 OFFSET :most)
