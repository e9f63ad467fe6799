"""A new version beside the live one: filled, caught up, switched."""
