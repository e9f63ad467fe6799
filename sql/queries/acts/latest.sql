-- Acts, the latest first; before a number where one is given.
SELECT number, acted_at, act, subject, who, login, detail::text AS detail
FROM eventlog.acts
WHERE number < coalesce(%(before)s, 9223372036854775807)
ORDER BY number DESC
LIMIT %(most)s
