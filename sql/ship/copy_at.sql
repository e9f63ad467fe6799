SELECT file_id FROM copies WHERE way = :way AND place = :place AND version = :version
