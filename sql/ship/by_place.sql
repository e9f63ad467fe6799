SELECT position FROM files WHERE way = :way AND place = :place ORDER BY seen DESC
