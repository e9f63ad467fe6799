CREATE OR REPLACE VIEW audit.console_statements AS
SELECT started_at,
       who,
       via,
       question,
       statement,
       parameters,
       finished_at - started_at AS duration,
       rows,
       truncated,
       sqlstate,
       error,
       id
FROM eventlog.console_statements;

COMMENT ON VIEW audit.console_statements IS
    'Every statement that was asked here, recorded before it ran: the latest 100,000.';
COMMENT ON COLUMN audit.console_statements.started_at IS 'When.';
COMMENT ON COLUMN audit.console_statements.who IS 'Who asked: an address, or a user of the machine.';
COMMENT ON COLUMN audit.console_statements.via IS 'By which door: http, sql or console.';
COMMENT ON COLUMN audit.console_statements.question IS 'The saved question, if it was one.';
COMMENT ON COLUMN audit.console_statements.statement IS 'The statement as it was written.';
COMMENT ON COLUMN audit.console_statements.parameters IS 'Its parameters.';
COMMENT ON COLUMN audit.console_statements.duration IS
    'How long it took; NULL while it runs, or where the process that asked has died.';
COMMENT ON COLUMN audit.console_statements.rows IS 'How many rows came back.';
COMMENT ON COLUMN audit.console_statements.truncated IS 'Whether there were more.';
COMMENT ON COLUMN audit.console_statements.sqlstate IS 'PostgreSQLs code of the error.';
COMMENT ON COLUMN audit.console_statements.error IS 'The error.';
COMMENT ON COLUMN audit.console_statements.id IS 'Grows with every statement.';
