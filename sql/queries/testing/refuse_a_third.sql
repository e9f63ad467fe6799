ALTER TABLE {schema}.seen ADD CONSTRAINT not_yet CHECK (position % 3 <> 1)
