"""`eventlog demo`: the main job once, with every count checked."""
