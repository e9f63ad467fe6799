-- From here on what belongs to projections is the operator's: eventlog.operator_role() says so.
GRANT USAGE, CREATE ON SCHEMA eventlog TO eventlog_operator
