-- What is missing of the logins for API, workers and auditor, as statements in their order; no row where they are
-- there. is_ours: false where a role of that name was there before, and nothing says that it is eventlog's.
WITH server AS (
    SELECT current_setting('server_version_num')::integer >= 160000 AS has_set_option
), wanted (name, can_log_in) AS (
    VALUES ('eventlog_operator', false), (eventlog.login_of('api'), true), (eventlog.login_of('worker'), true),
           (eventlog.login_of('auditor'), true)
), memberships (place, granted, member) AS (
    -- To make what belongs to the operator, and to end sessions of the auditor's, the owner and the API are members.
    VALUES (1, 'eventlog_projector', 'eventlog_operator'),
           (1, 'eventlog_reader', 'eventlog_operator'),
           (1, 'eventlog_operator', current_user::text),
           (2, 'eventlog_appender', eventlog.login_of('api')),
           (2, 'eventlog_projector', eventlog.login_of('api')),
           (2, 'eventlog_reader', eventlog.login_of('api')),
           (2, 'eventlog_operator', eventlog.login_of('api')),
           (3, 'eventlog_projector', eventlog.login_of('worker')),
           (4, eventlog.login_of('auditor'), current_user::text),
           (4, eventlog.login_of('auditor'), eventlog.login_of('api'))
), missing AS (
    SELECT m.place, m.granted, m.member
    FROM memberships AS m
    CROSS JOIN server AS s
    LEFT JOIN pg_roles AS g ON g.rolname = m.granted
    LEFT JOIN pg_roles AS r ON r.rolname = m.member
    WHERE (pg_has_role(r.oid, g.oid, 'USAGE')
           AND pg_has_role(r.oid, g.oid, CASE WHEN s.has_set_option THEN 'SET' ELSE 'MEMBER' END)) IS NOT TRUE
)
SELECT n.statement, n.is_ours
FROM (
    SELECT 0 AS place, format('CREATE ROLE %I %s', w.name, CASE WHEN NOT w.can_log_in THEN 'NOLOGIN' WHEN w.name = eventlog.login_of('auditor')
                                                         THEN 'LOGIN CONNECTION LIMIT 16' ELSE 'LOGIN' END)
           AS statement, true AS is_ours
    FROM wanted AS w
    WHERE NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = w.name)
    UNION ALL
    SELECT m.place,
           format('GRANT %s TO %I%s', string_agg(quote_ident(m.granted), ', ' ORDER BY m.granted), m.member,
                  CASE WHEN bool_or(s.has_set_option) THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END),
           -- A login that was there, and that is a member of none of our roles, may be anybody's.
           bool_and(m.member IN (current_user, 'eventlog_operator') OR NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = m.member)
                    OR EXISTS (SELECT FROM pg_auth_members AS a
                               WHERE a.member = to_regrole(quote_ident(m.member))
                                 AND a.roleid::regrole::text LIKE 'eventlog\_%%'))
           AND bool_and(m.granted NOT IN (SELECT w.name FROM wanted AS w WHERE w.can_log_in)
                        OR m.granted = 'eventlog_auditor'
                        OR NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = m.granted)
                        OR EXISTS (SELECT FROM pg_auth_members AS a
                                   WHERE a.roleid = to_regrole(quote_ident(m.granted))
                                     AND a.member IN (to_regrole(current_user), to_regrole(quote_ident(eventlog.login_of('api'))))))
    FROM missing AS m
    CROSS JOIN server AS s
    GROUP BY m.place, m.member
) AS n
ORDER BY n.place, n.statement
