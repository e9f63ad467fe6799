-- A doctor looks and does not touch, and gives up rather than make a sick server work hard. Not by set_config,
-- which not every login may call.
SET default_transaction_read_only = on;
SET statement_timeout = '20s';
SET lock_timeout = '2s'
