"""The steps of the ladder, a file each: `run` measures one round of it."""
