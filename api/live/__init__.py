"""Events as they come, for many readers at once: hub.py tells how."""
