-- No lock but on the schema's name: whoever reads its views goes on.
ALTER SCHEMA audit RENAME TO {before}
