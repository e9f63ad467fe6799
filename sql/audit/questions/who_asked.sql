-- title: Who asked what?
-- description: The latest statements that were asked here.
-- parameter: most integer = 50; how many
SELECT started_at, who, via, question, statement, parameters, duration, rows, sqlstate, error
FROM console_statements
ORDER BY id DESC
LIMIT :most::integer
