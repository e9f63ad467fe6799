"""What can go wrong with the embedded PostgreSQL."""

from eventlog.errors import EventlogError


class EmbeddedServerError(EventlogError):
    """The embedded PostgreSQL could not be started, found or stopped."""
