-- For the next step of this transaction, where there is one.
SET CONSTRAINTS ALL DEFERRED
