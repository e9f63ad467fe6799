INSERT OR REPLACE INTO looks (way, path, looked)
VALUES (:way, :path, :looked)
