-- READ COMMITTED: the statement's snapshot is newer than its locks. What it then reads through the audit
-- views is one version of each projection, see eventlog/audit/install.py.
-- The settings spare a statement mistakes; what it may not do, the rights of its role say.
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY;
SET LOCAL search_path = audit;
SET LOCAL statement_timeout = {milliseconds};
SET LOCAL lock_timeout = '3s';
SET LOCAL work_mem = '16MB';
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off
