SELECT min("timestamp") AS first, max("timestamp") AS last FROM eventlog.events
