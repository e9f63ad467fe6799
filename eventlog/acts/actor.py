"""Who acts: a key, or a user of a machine."""

import os
import pwd
import socket

from eventlog.sessions.database import Connection
from eventlog.statements import statement


def user() -> str:
    """Return who runs this process, for the record, whatever the environment says."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a number without a name
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def act_as(connection: Connection, who: str | None) -> None:
    """Have what this session does be recorded with who did it; None is who runs this process."""
    connection.execute(statement("sessions/act_as"), {"who": who or user()})
