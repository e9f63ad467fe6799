"""`eventlog console`: a prompt for people, over the same guarded path as `eventlog sql`."""
