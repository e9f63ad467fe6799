VACUUM (ANALYZE) eventlog.inbox
