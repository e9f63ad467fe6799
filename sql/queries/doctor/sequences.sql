SELECT sequence::text FROM eventlog.sequences_behind()
