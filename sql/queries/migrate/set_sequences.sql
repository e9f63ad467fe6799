SELECT sequence::text, setval(sequence, taken) FROM eventlog.sequences_behind()
