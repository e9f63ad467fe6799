"""The web console: a page, its scripts and styles, sent as they are."""
