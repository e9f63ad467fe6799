INSERT OR REPLACE INTO copies (way, place, version, file_id, seen)
VALUES (:way, :place, :version, :file_id, :seen)
