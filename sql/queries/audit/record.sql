INSERT INTO eventlog.console_statements (who, via, question, statement, parameters)
VALUES (%(who)s, %(via)s, %(question)s, %(statement)s, %(parameters)s)
RETURNING id
