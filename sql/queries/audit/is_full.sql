-- Whether a role has as many sessions as it may have.
SELECT EXISTS (
    SELECT
    FROM pg_roles AS r
    WHERE r.rolname = %(role)s
      AND r.rolconnlimit >= 0
      AND (SELECT count(*) FROM pg_stat_activity AS a WHERE a.usename = r.rolname) >= r.rolconnlimit
) AS is_full
