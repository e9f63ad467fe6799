SELECT eventlog.lock_outbox() AS claimed
