"""Sessions with PostgreSQL: how one is opened, what it pins, what an error on it means."""
