-- name: check_constraints
-- A deferred constraint would fail at the commit, where nobody can tell any more of which delivery.
SET CONSTRAINTS ALL IMMEDIATE

-- name: defer_constraints
-- For the next step of this transaction, where there is one.
SET CONSTRAINTS ALL DEFERRED
