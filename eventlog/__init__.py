"""An immutable event log in PostgreSQL: append, claim, project, rebuild, verify."""

# Here and nowhere else: the wheel is built with it, and a checkout that was never installed knows it too.
__version__ = "0.2.0"
