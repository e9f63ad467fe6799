-- A deferred constraint would fail at the commit, where nobody can tell any more of which delivery.
SET CONSTRAINTS ALL IMMEDIATE
