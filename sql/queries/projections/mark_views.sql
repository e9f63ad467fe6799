COMMENT ON SCHEMA {schema} IS {mark}
