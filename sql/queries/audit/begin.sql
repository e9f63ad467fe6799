-- READ COMMITTED: the statement's snapshot is newer than its locks. What it then reads through the audit
-- views is one version of each projection, see eventlog/audit/install.py.
-- The settings spare a statement mistakes; what it may not do, the rights of its role say.
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL application_name = {name};
SET LOCAL search_path = audit;
SET LOCAL statement_timeout = {milliseconds};
SET LOCAL lock_timeout = '3s';
SET LOCAL idle_in_transaction_session_timeout = '5s';
-- A client that is gone is noticed while the statement runs.
SET LOCAL client_connection_check_interval = '1s';
SET LOCAL work_mem = '16MB';
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off
