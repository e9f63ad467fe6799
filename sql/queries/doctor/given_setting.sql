-- What our sessions are given, and by whose word.
SELECT setting AS value, source FROM pg_settings WHERE name = %(name)s
