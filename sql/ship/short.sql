-- name: by_id
SELECT position FROM files WHERE way = :way AND file_id = :file_id

-- name: by_opening
SELECT position FROM files WHERE way = :way AND opening = :opening ORDER BY seen DESC LIMIT 1000

-- name: by_path
SELECT position FROM files WHERE way = :way AND path = :path ORDER BY seen

-- name: by_place
SELECT position FROM files WHERE way = :way AND place = :place ORDER BY seen DESC

-- name: copy_at
SELECT file_id FROM copies WHERE way = :way AND place = :place AND version = :version

-- name: forget_copies
DELETE FROM copies WHERE seen < :before
   OR rowid IN (SELECT rowid FROM copies ORDER BY seen DESC LIMIT -1 OFFSET :most)

-- name: forget_files
DELETE FROM files WHERE seen < :before
   OR rowid IN (SELECT rowid FROM files ORDER BY seen DESC LIMIT -1 OFFSET :most)

-- name: forget_looks
DELETE FROM looks WHERE looked < :before
   OR rowid IN (SELECT rowid FROM looks ORDER BY looked DESC LIMIT -1 OFFSET :most)

-- name: look_at
SELECT looked FROM looks WHERE way = :way AND path = :path

-- name: save
INSERT OR REPLACE INTO files (way, file_id, place, opening, path, seen, position)
VALUES (:way, :file_id, :place, :opening, :path, :seen, :position)

-- name: save_copy
INSERT OR REPLACE INTO copies (way, place, version, file_id, seen)
VALUES (:way, :place, :version, :file_id, :seen)

-- name: save_look
INSERT OR REPLACE INTO looks (way, path, looked)
VALUES (:way, :path, :looked)
