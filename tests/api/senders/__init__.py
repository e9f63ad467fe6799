"""Real senders of other formats, on the routes that take them in."""
