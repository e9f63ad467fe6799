-- For the session, since an error undoes what its transaction has set.
SET application_name = {name}
