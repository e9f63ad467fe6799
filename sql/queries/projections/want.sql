-- Note the definition of the code that was installed last: a live version of another one stands still.
UPDATE eventlog.projections
SET wanted_definition = %(definition)s
WHERE name = %(name)s AND wanted_definition IS DISTINCT FROM %(definition)s
