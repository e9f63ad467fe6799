-- Statements that want to do more than read. One each, after a line that begins with `--# ` and says
-- what it wants. None of them may change anything; most must fail, the others come back with rows.

--# write to the log
INSERT INTO eventlog.inbox (partition, position, topic, event_id) VALUES (0, 1000000, 't', 'e')
--# write to the log by its owner's view
UPDATE audit.deliveries SET raw = '{}'
--# delete through a view
DELETE FROM audit.events
--# insert into a simple view, which PostgreSQL could carry through
INSERT INTO audit.refused_publishes (status) VALUES (200)
--# update a simple view, and get rows back
UPDATE audit.console_statements SET who = 'nobody' RETURNING who
--# delete its own record, and get rows back
DELETE FROM audit.console_statements RETURNING id
--# delete its own record from the table
DELETE FROM eventlog.console_statements RETURNING id
--# write within WITH
WITH gone AS (DELETE FROM eventlog.inbox RETURNING position) SELECT count(*) FROM gone
--# insert within WITH through a view
WITH put AS (INSERT INTO audit.console_statements (who, via, statement) VALUES ('x', 'sql', 'x') RETURNING id) SELECT id FROM put
--# update within WITH
WITH done AS (UPDATE eventlog.projections SET live_version = NULL RETURNING name) SELECT name FROM done
--# merge
MERGE INTO eventlog.projections AS p USING (SELECT 'core' AS name) AS s ON p.name = s.name WHEN MATCHED THEN DELETE
--# truncate
TRUNCATE eventlog.inbox
--# select into
SELECT 1 AS one INTO stolen
--# select into a temporary table
SELECT 1 AS one INTO TEMP stolen
--# create table as
CREATE TABLE stolen AS SELECT * FROM audit.deliveries
--# create a temporary table
CREATE TEMP TABLE stolen (a text)
--# create a temporary view
CREATE TEMP VIEW stolen AS SELECT 1 AS one
--# create a table
CREATE TABLE public.stolen (a text)
--# create a table in the audit schema
CREATE TABLE audit.stolen (a text)
--# replace an audit view
CREATE OR REPLACE VIEW audit.books AS SELECT 1 AS received
--# drop an audit view
DROP VIEW audit.books CASCADE
--# drop the log
DROP TABLE eventlog.inbox CASCADE
--# drop the schema
DROP SCHEMA eventlog CASCADE
--# create a schema
CREATE SCHEMA stolen
--# create a function
CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
--# create a temporary function
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
--# create a trigger
CREATE TRIGGER t BEFORE INSERT ON eventlog.inbox EXECUTE FUNCTION suppress_redundant_updates_trigger()
--# create a rule
CREATE RULE r AS ON INSERT TO eventlog.inbox DO INSTEAD NOTHING
--# create an extension
CREATE EXTENSION dblink
--# create an untrusted language
CREATE EXTENSION plpython3u
--# create a role
CREATE ROLE thief SUPERUSER LOGIN
--# take on powers
ALTER ROLE eventlog_auditor SUPERUSER
--# change one's own password
ALTER ROLE eventlog_auditor PASSWORD 'known'
--# keep a setting for later sessions
ALTER ROLE eventlog_auditor SET default_transaction_read_only = off
--# reset one's settings
ALTER ROLE eventlog_auditor RESET ALL
--# change a setting of the database
ALTER DATABASE eventlog SET default_transaction_read_only = off
--# change the server
ALTER SYSTEM SET fsync = off
--# grant oneself the log
GRANT ALL ON eventlog.inbox TO eventlog_auditor
--# grant oneself a role
GRANT pg_write_all_data TO eventlog_auditor
--# give the owner's things away
REASSIGN OWNED BY eventlog TO eventlog_auditor
--# comment
COMMENT ON VIEW audit.books IS 'nothing'
--# security label
SECURITY LABEL ON ROLE eventlog_auditor IS 'x'
--# take on the appender
SET ROLE eventlog_appender
--# take on the owner
SET ROLE eventlog
--# take on the superuser
SET SESSION AUTHORIZATION postgres
--# become whoever logged in
RESET ROLE
--# become whoever logged in at first
RESET SESSION AUTHORIZATION
--# become the superuser within a query, then read what only it may
SELECT set_config('role', 'postgres', false), query_to_xml('SELECT * FROM pg_authid', true, true, '')
--# reset the role within a query
SELECT set_config('role', 'none', false), current_user
--# change session authorization within a query
SELECT set_config('session_authorization', 'postgres', false)
--# allow writing within a query
SELECT set_config('transaction_read_only', 'off', false), set_config('default_transaction_read_only', 'off', false)
--# allow writing
SET TRANSACTION READ WRITE
--# allow writing from now on
SET default_transaction_read_only = off
--# lift the time limit within a query
SELECT set_config('statement_timeout', '0', false)
--# lift the time limit
SET statement_timeout = 0
--# change settings through the catalogue
UPDATE pg_settings SET setting = '0' WHERE name = 'statement_timeout'
--# change settings through the catalogue, with rows
UPDATE pg_catalog.pg_settings SET setting = 'off' WHERE name = 'transaction_read_only' RETURNING name
--# stop waiting for the disk
SELECT set_config('synchronous_commit', 'off', false)
--# end the transaction
COMMIT
--# end the transaction and begin another
COMMIT AND CHAIN
--# end it the other way
ROLLBACK
--# end it in two phases, which would keep its locks for ever
PREPARE TRANSACTION 'forgotten'
--# commit somebody's prepared transaction
COMMIT PREPARED 'somebody'
--# begin
BEGIN READ WRITE
--# a savepoint
SAVEPOINT a
--# two statements
SELECT 1; SELECT 2
--# end the transaction, then write
COMMIT; CREATE TABLE public.stolen (a text)
--# end the statement in a comment's disguise
SELECT 1 /* ; */; DROP TABLE eventlog.inbox CASCADE --
--# rollback, then write
ROLLBACK; INSERT INTO eventlog.projections (name) VALUES ('stolen')
--# an anonymous block
DO $$ BEGIN INSERT INTO eventlog.projections (name) VALUES ('stolen'); END $$
--# an anonymous block that ends the transaction
DO $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); COMMIT; CREATE TEMP TABLE stolen (a text); END $$
--# call
CALL eventlog.anything()
--# prepare
PREPARE p AS INSERT INTO eventlog.projections (name) VALUES ('stolen')
--# execute
EXECUTE p
--# deallocate
DEALLOCATE ALL
--# a cursor that stays open
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM audit.deliveries
--# fetch
FETCH ALL FROM c
--# explain a write, and do it
EXPLAIN ANALYZE INSERT INTO eventlog.projections (name) VALUES ('stolen')
--# explain a write within WITH, and do it
EXPLAIN (ANALYZE, COSTS OFF) WITH gone AS (DELETE FROM eventlog.inbox RETURNING 1) SELECT count(*) FROM gone
--# explain the making of a table, and do it
EXPLAIN ANALYZE CREATE TABLE public.stolen AS SELECT 1
--# copy out to a program
COPY (SELECT 1) TO PROGRAM 'touch stolen'
--# copy out to a file
COPY (SELECT 1) TO '/tmp/eventlog-stolen'
--# copy out to us
COPY (SELECT * FROM audit.books) TO STDOUT
--# copy in from a program
COPY eventlog.projections FROM PROGRAM 'echo stolen'
--# copy in from us
COPY eventlog.projections FROM STDIN
--# lock the log
LOCK TABLE eventlog.inbox IN ACCESS EXCLUSIVE MODE
--# lock a view
LOCK TABLE audit.books IN ACCESS SHARE MODE
--# lock rows
SELECT * FROM audit.refused_publishes FOR UPDATE
--# lock the order lock's rows
SELECT * FROM eventlog.partitions FOR UPDATE
--# a large object
SELECT lo_create(0)
--# a large object with content
SELECT lo_from_bytea(0, '\xdeadbeef')
--# the old way to a large object
SELECT lo_creat(-1)
--# a large object from a file
SELECT lo_import('/etc/passwd')
--# a large object into a file
SELECT lo_export(1, '/tmp/eventlog-stolen')
--# open a large object
SELECT lo_open(1, 131072)
--# remove a large object
SELECT lo_unlink(1)
--# write into the WAL
SELECT pg_logical_emit_message(false, 'stolen', repeat('x', 1000000))
--# write much into the WAL
SELECT pg_logical_emit_message(false, 'stolen', repeat('x', 100000)) FROM generate_series(1, 1000)
--# write into the WAL, with the transaction
SELECT pg_logical_emit_message(true, 'stolen', 'x')
--# burn a transaction id
SELECT txid_current()
--# burn a transaction id, the newer way
SELECT pg_current_xact_id()
--# export a snapshot
SELECT pg_export_snapshot()
--# notify
SELECT pg_notify('eventlog', 'stolen')
--# notify as a command
NOTIFY eventlog, 'stolen'
--# listen
LISTEN eventlog
--# unlisten
UNLISTEN *
--# an advisory lock
SELECT pg_advisory_lock(1)
--# an advisory lock of the transaction
SELECT pg_advisory_xact_lock(hashtextextended('eventlog.migrate', 0))
--# a shared advisory lock
SELECT pg_advisory_lock_shared(1, 2)
--# all the locks that there are
SELECT count(pg_try_advisory_lock(n)) FROM generate_series(1, 10000000) AS n
--# all the locks that there are, of the transaction
SELECT count(pg_try_advisory_xact_lock_shared(n)) FROM generate_series(1, 10000000) AS n
--# free others' advisory locks
SELECT pg_advisory_unlock_all()
--# end somebody's session
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
--# cancel somebody's statement
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
--# read the server's configuration anew
SELECT pg_reload_conf()
--# turn the log file over
SELECT pg_rotate_logfile()
--# switch the WAL
SELECT pg_switch_wal()
--# a restore point
SELECT pg_create_restore_point('stolen')
--# a checkpoint
CHECKPOINT
--# begin a backup
SELECT pg_backup_start('stolen')
--# a replication slot, which keeps WAL for ever
SELECT pg_create_physical_replication_slot('stolen', true)
--# a logical slot
SELECT pg_create_logical_replication_slot('stolen', 'test_decoding')
--# drop a slot
SELECT pg_drop_replication_slot('stolen')
--# promote
SELECT pg_promote()
--# reset statistics
SELECT pg_stat_reset()
--# reset shared statistics
SELECT pg_stat_reset_shared('bgwriter')
--# a file of the server
SELECT pg_read_file('/etc/passwd')
--# a file of the server, in bytes
SELECT pg_read_binary_file('postgresql.conf')
--# a folder of the server
SELECT pg_ls_dir('.')
--# a folder of the server, with WAL
SELECT * FROM pg_ls_waldir()
--# a file's size
SELECT pg_stat_file('postgresql.conf')
--# passwords
SELECT rolname, rolpassword FROM pg_authid
--# passwords by another name
SELECT usename, passwd FROM pg_shadow
--# who may log in from where
SELECT * FROM pg_hba_file_rules
--# the files of the configuration
SELECT * FROM pg_file_settings
--# subscriptions' passwords
SELECT subconninfo FROM pg_subscription
--# statistics of tables, which have values in them
SELECT * FROM pg_statistic
--# large objects' contents
SELECT * FROM pg_largeobject
--# the log itself
SELECT * FROM eventlog.inbox
--# the projections' tables
SELECT * FROM core_1.events
--# another database
SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t (a int)
--# another server
CREATE SERVER stolen FOREIGN DATA WRAPPER postgres_fdw
--# a user mapping
CREATE USER MAPPING FOR CURRENT_USER SERVER stolen
--# a subscription
CREATE SUBSCRIPTION stolen CONNECTION 'host=localhost' PUBLICATION p
--# a publication
CREATE PUBLICATION stolen FOR ALL TABLES
--# an event trigger
CREATE EVENT TRIGGER stolen ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()
--# load a library
LOAD 'auto_explain'
--# a tablespace
CREATE TABLESPACE stolen LOCATION '/tmp'
--# a database
CREATE DATABASE stolen
--# drop the database
DROP DATABASE eventlog
--# vacuum
VACUUM
--# analyze
ANALYZE
--# reindex
REINDEX DATABASE eventlog
--# cluster
CLUSTER
--# refresh
REFRESH MATERIALIZED VIEW audit.books
--# discard
DISCARD ALL
--# import collations
SELECT pg_import_system_collations('public')
--# statistics that were never taken
SELECT pg_clear_relation_stats('eventlog', 'inbox')
--# summarise an index
SELECT brin_summarize_new_values('eventlog.delivery_by_position')
--# clean an index
SELECT gin_clean_pending_list('eventlog.delivery_by_position')
--# a sequence
SELECT nextval('eventlog.console_statements_id_seq')
--# set a sequence
SELECT setval('eventlog.outbox_id_seq', 1)
--# SQL in XML
SELECT query_to_xml('DELETE FROM eventlog.inbox', true, true, '')
--# a cursor in XML
SELECT cursor_to_xml('c', 1, true, true, '')
--# a table in XML
SELECT table_to_xml('eventlog.inbox', true, true, '')
--# the whole database in XML
SELECT database_to_xml(true, true, '')
--# the whole schema in XML
SELECT schema_to_xml('eventlog', true, true, '')
--# SQL in text search
SELECT * FROM ts_stat('SELECT to_tsvector(raw::text) FROM eventlog.inbox')
--# SQL in a rewriting of text search
SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')
--# a file by XML's entities
SELECT xmlparse(DOCUMENT '<!DOCTYPE x [<!ENTITY f SYSTEM "/etc/passwd">]><x>&f;</x>')
--# publish
SELECT eventlog.publish_events('[]')
--# append's own lock
SELECT eventlog.lock_partitions(ARRAY[0]::smallint[])
--# a worker's own claim
SELECT * FROM eventlog.take_claims('core', 1, '{0}', 1)
--# what a projection raises
SELECT eventlog.indigestible('x')
--# create partitions
SELECT eventlog.create_partitions(1)
--# unplug the views
SELECT eventlog.unplug_views('core_1', 'core')
--# internal functions for upgrades
SELECT binary_upgrade_set_next_pg_type_oid(1)
--# an oid of one's own
SELECT pg_nextoid('pg_class', 'oid', 'pg_class_oid_index')
--# sleep
SELECT pg_sleep(60)
--# sleep in pieces
SELECT count(pg_sleep(0.01)) FROM generate_series(1, 100000)
--# sleep until
SELECT pg_sleep_until('tomorrow')
--# wait for ever in a query
SELECT count(*) FROM generate_series(1, 1000000000000)
--# a recursion without an end
WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r
--# a recursion that grows
WITH RECURSIVE r (t) AS (SELECT 'x' UNION ALL SELECT t || t FROM r) SELECT max(length(t)) FROM r
--# a recursion that doubles its rows
WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, generate_series(1, 2)) SELECT count(*) FROM r
--# a cross join in a random order, which spills to the disk
SELECT a, b FROM generate_series(1, 100000) AS a, generate_series(1, 100000) AS b ORDER BY random()
--# a large hash
SELECT count(DISTINCT md5(n::text)) FROM generate_series(1, 50000000) AS n
--# a cross join of the log with itself
SELECT count(*) FROM audit.deliveries AS a, audit.deliveries AS b, audit.deliveries AS c, generate_series(1, 100000) WHERE a.raw::text < b.raw::text
--# the catalogue many times over
SELECT count(*) FROM pg_class AS a, pg_attribute AS b, pg_attribute AS c, pg_proc AS d WHERE a.relname || b.attname <> c.attname || d.proname
--# a series in memory
SELECT generate_series(1, 1000000000)
--# an array of everything
SELECT array_agg(n) FROM generate_series(1, 1000000000) AS n
--# a string of everything
SELECT string_agg(repeat('x', 1000000), '') FROM generate_series(1, 1000)
--# JSON of everything
SELECT jsonb_agg(n) FROM generate_series(1, 1000000000) AS n
--# a gigabyte
SELECT repeat('x', 1000000000)
--# a gigabyte, quicker
SELECT repeat(repeat('x', 1000000), 1000)
--# many gigabytes at once
SELECT repeat(repeat('x', 1000000), 900) AS a, repeat(repeat('y', 1000000), 900) AS b, repeat(repeat('z', 1000000), 900) AS c, repeat(repeat('v', 1000000), 900) AS d, repeat(repeat('w', 1000000), 900) AS e
--# many gigabytes that are not shown
SELECT length(repeat(repeat('x', 1000000), 900) || repeat('y', 100)) + length(lpad('', 900000000, 'z')) FROM generate_series(1, 1000)
--# many rows of a megabyte
SELECT repeat('x', 1000000) FROM generate_series(1, 100000)
--# a large array
SELECT array_fill(1, ARRAY[100000000])
--# a long pad
SELECT length(lpad('x', 1000000000)) FROM generate_series(1, 100)
--# a large number
SELECT 9::numeric ^ 100000 ^ 1.1
--# a long division
SELECT sum((10::numeric ^ 100000) / 3) FROM generate_series(1, 1000000)
--# a factorial
SELECT factorial(200000)
--# a regular expression that backtracks
SELECT repeat('a', 5000) ~ '(a*)*(a*)*(a*)*\1\2\3b'
--# a regular expression of many states
SELECT 'x' ~ ('(' || repeat('(a{1,100}){1,100}', 50) || ')')
--# a LIKE that backtracks
SELECT repeat('a', 100000) LIKE repeat('%a', 1000) || 'b'
--# similar to
SELECT repeat('ab', 30000) SIMILAR TO '((a|b)*(b|a)*)*c'
--# replace again and again
SELECT length(regexp_replace(repeat('a', 10000000), '.', 'aaaaaaaaaa', 'g'))
--# deep JSON
SELECT (repeat('[', 1000000) || repeat(']', 1000000))::jsonb
--# a deep expression
SELECT to_tsquery(repeat('(', 100000) || 'a' || repeat(')', 100000))
--# large XML
SELECT xmlelement(name a, repeat('x', 500000000))
--# hashes without an end
SELECT max(sha512(n::text::bytea)) FROM generate_series(1, 1000000000) AS n
--# a large text search vector
SELECT to_tsvector(string_agg(n::text, ' ')) FROM generate_series(1, 5000000) AS n
--# many prepared columns
SELECT * FROM pg_attribute AS a, pg_attribute AS b, pg_attribute AS c ORDER BY a.attname, b.attname, c.attname
--# others' statements
SELECT pid, usename, query FROM pg_stat_activity WHERE query !~ 'pg_stat_activity' AND query <> '<insufficient privilege>' AND usename <> current_user
--# others' statistics
SELECT query FROM pg_stat_statements
--# a window over everything
SELECT ntile(3) OVER (ORDER BY md5(n::text)) FROM generate_series(1, 100000000) AS n
--# a lateral explosion
SELECT count(*) FROM generate_series(1, 100000) AS a, LATERAL generate_series(1, a * 1000) AS b
--# buckets without an end
SELECT * FROM books_over_time('-infinity', 'infinity', '1 microsecond')
--# a bucket of nothing
SELECT * FROM books_over_time('-infinity', 'infinity', '0')
