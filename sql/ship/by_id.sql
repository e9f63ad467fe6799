SELECT position FROM files WHERE way = :way AND file_id = :file_id
