-- What an appending session sets once, by what the server has.
SELECT
    -- A default of `off` or `local` in the server or the role would acknowledge what a crash can lose. Stronger
    -- settings than `on` are left as they are.
    set_config(
        'synchronous_commit',
        CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
             THEN 'on'
             ELSE current_setting('synchronous_commit')
        END,
        false
    ),
    -- Texts from about 2 kB on are compressed. Of webhooks' bodies lz4 leaves 28 %, at 35 us a body of 9 kB in
    -- all; pglz, which every server has, leaves 31 % at 80 us. Set here and not on the column, since a dump with
    -- that cannot be restored into a server without lz4.
    set_config('default_toast_compression', CASE WHEN 'lz4' = ANY (s.enumvals) THEN 'lz4' ELSE s.setting END, false)
FROM pg_settings AS s
WHERE s.name = 'default_toast_compression'
