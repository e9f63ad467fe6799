SELECT number FROM eventlog.key_changes
