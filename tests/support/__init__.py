"""What the tests make their data and their servers with."""
