-- A default of `off` or `local` in the server or the role would acknowledge what a crash can
-- lose. Stronger settings than `on` are left as they are.
SELECT set_config(
    'synchronous_commit',
    CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
         THEN 'on'
         ELSE current_setting('synchronous_commit')
    END,
    false
)
