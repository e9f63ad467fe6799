-- The role that the projections belong to, where `eventlog migrate --roles` has made logins with fewer rights than
-- the owner's; NULL where there are none, and the projections are the owner's. What says so is that it may make
-- views in our schema, which a restore without rights leaves out.
CREATE OR REPLACE FUNCTION eventlog.operator_role()
RETURNS text
LANGUAGE sql
STABLE
SET search_path = eventlog, pg_temp
AS $$
    SELECT r.rolname::text
    FROM pg_roles AS r
    JOIN pg_namespace AS n ON n.nspname = 'eventlog'
    WHERE r.rolname = 'eventlog_operator'
      AND EXISTS (
          SELECT FROM aclexplode(n.nspacl) AS held
          WHERE held.grantee = r.oid AND held.privilege_type = 'CREATE'
      )
$$;
