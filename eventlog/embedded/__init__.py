"""PostgreSQL as our own child: its binaries, its data directory, its life."""

from eventlog.embedded.binaries import find_binaries
from eventlog.embedded.detached import stop_running
from eventlog.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "find_binaries", "stop_running"]
