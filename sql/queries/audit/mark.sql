COMMENT ON SCHEMA audit IS {mark}
