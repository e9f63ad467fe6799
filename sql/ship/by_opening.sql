SELECT position FROM files WHERE way = :way AND opening = :opening ORDER BY seen DESC LIMIT 1000
