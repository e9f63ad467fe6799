"""The schema of the log: brought up to date, and looked at for what is missing."""
