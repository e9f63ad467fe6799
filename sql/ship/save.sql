INSERT OR REPLACE INTO files (way, file_id, place, opening, path, seen, position)
VALUES (:way, :file_id, :place, :opening, :path, :seen, :position)
