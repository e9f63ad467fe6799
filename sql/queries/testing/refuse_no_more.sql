ALTER TABLE {schema}.seen DROP CONSTRAINT not_yet
