"""Questions in SQL: the audit views, the saved questions, and the guarded path to both."""
