"""Access through the socket: for root and the user who runs the server, as any role; for nobody else.

PostgreSQL asks the kernel who is at the other end (peer authentication). Its rules are written at each start,
beside the cluster: the server's own account, which it may share with other services, cannot change them.
"""

import os
import pwd
import stat
from pathlib import Path

from eventlog.embedded.account import Account

SUPERUSER_AND_OURS = "postgres,eventlog,eventlog_auditor"
# From here on a map may say that somebody may be any role.
MAJOR_OF_ANY_ROLE = 16

RULES = """\
# Written by eventlog at each start: what is changed here is lost.
local   all,replication   {roles}   {method}
{others}host    all,replication   all   127.0.0.1/32   scram-sha-256
host    all,replication   all   ::1/128   scram-sha-256
"""


def write_access(folder: Path, account: Account, major: int, only: str | None = None) -> dict[str, str]:
    """Write the rules into a folder; return the settings that name them. `only` one role may come in."""
    people = _people(account)
    any_role = major >= MAJOR_OF_ANY_ROLE or only is not None
    roles = only or ("all" if any_role else SUPERUSER_AND_OURS)
    rules = RULES.format(
        roles=roles,
        # The kernel gives a user's number; PostgreSQL wants the name, which a user in a container may not
        # have.
        method="peer map=eventlog" if people else "trust",
        others="" if any_role else "local   all               all   scram-sha-256\n",
    )
    entries = [f'eventlog "{person}" {role}\n' for person in people for role in roles.split(",")]
    return {
        "hba_file": str(_write(folder / "pg_hba.conf", rules)),
        "ident_file": str(_write(folder / "pg_ident.conf", "".join(entries))),
    }


def _people(account: Account) -> list[str]:
    """Return the names of those who may come in; none where whoever runs the server has no name."""
    names = []
    for uid in sorted({0, os.geteuid(), account.uid}):
        try:
            names.append(pwd.getpwuid(uid).pw_name)
        except KeyError:
            if uid == os.geteuid():
                return []
    return names


def _write(path: Path, text: str) -> Path:
    """Replace a file in one step, also where something else lies in its place."""
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH)
        file.write(text)
    half.rename(path)
    return path
