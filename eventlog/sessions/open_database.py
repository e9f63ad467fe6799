"""Open the database that the settings name: somebody's own, or the embedded one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from eventlog.errors import NoEventLog
from eventlog.settings import Settings


@contextmanager
def opened_database(settings: Settings, say: Callable[[str], None], *, make: bool = True) -> Iterator[str]:
    """Yield the owner's DSN. An embedded server that is started here is stopped at the end.

    make: an embedded database that is not there yet, too. Else raises NoEventLog.

    Meanwhile it is kept running: no other would do it.

    Raises EmbeddedServerError. Must be entered from the main thread: the server lives as long as
    the thread that started it.
    """
    if settings.dsn is not None:
        yield settings.dsn
        return
    from eventlog.audit.protection import protect
    from eventlog.embedded import EmbeddedServer
    from eventlog.embedded.directory import DataDirectory
    from eventlog.embedded.keeper import Keeper

    if not (make or DataDirectory(settings.data_dir).is_there()):
        raise NoEventLog(settings.data_dir)
    server = EmbeddedServer(settings.data_dir, bindir=settings.pg_bindir)
    server.start(say)
    try:
        protect(server.superuser_dsn)
        with Keeper(server, say):
            yield server.dsn
    finally:
        server.stop(say)
