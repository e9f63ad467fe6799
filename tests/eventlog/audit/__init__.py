"""Questions in SQL: what they answer, and what they cannot do."""
