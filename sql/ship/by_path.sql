SELECT position FROM files WHERE way = :way AND path = :path ORDER BY seen
