"""An immutable event log in PostgreSQL: append, claim, project, rebuild, verify."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("pg-eventlog")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
