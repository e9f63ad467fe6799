"""Bounds that PostgreSQL does not have: how much memory and processor time one backend may take.

Nothing in SQL keeps `repeat('x', 1000000000)` in a hundred columns from taking all the memory there
is; the kernel would then kill a backend, and PostgreSQL restart. On the same machine, and as the same
user or root, the kernel can be told before. A limit on data, not on address space: the stack must
always be able to grow, a backend that cannot grow it crashes.
"""

import os
import resource
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from eventlog.sessions.session_check import Session

MEMORY_BYTES_MAX = 256 << 20
# Appends and workers come first when the processor is short: its least share.
NICENESS = 19


def confine(connection: Session) -> bool:
    """Bound the backend of a session; False where that cannot be done from here."""
    backend = connection.backend_pid
    if not _is_ours_to_bound(connection, backend):
        return False
    with suppress(OSError, ValueError, subprocess.SubprocessError):
        bound = _data_bytes(backend) + MEMORY_BYTES_MAX
        try:
            resource.prlimit(backend, resource.RLIMIT_DATA, (bound, bound))
            os.setpriority(os.PRIO_PROCESS, backend, NICENESS)
        except PermissionError:
            if os.geteuid() != 0:
                return False
            _confine_as_its_user(backend, bound)
        _put_last(backend)
        return True
    return False


def restrain(connection: Session) -> None:
    """Give the backend of a session the lowest priority, on one processor, where that can be done."""
    backend = connection.backend_pid
    if _is_ours_to_bound(connection, backend):
        with suppress(OSError):
            os.sched_setscheduler(backend, os.SCHED_IDLE, os.sched_param(0))
            os.sched_setaffinity(backend, {min(os.sched_getaffinity(backend))})


def _put_last(backend: int) -> None:
    """Give the backend's session its least share of the processor.

    Each backend is a session of its own, and where the kernel shares time between sessions first, niceness
    counts only within one: four backends took half of two busy cores from all others.
    """
    with suppress(OSError):  # a kernel without such groups, or another user's process
        Path(f"/proc/{backend}/autogroup").write_text(str(NICENESS))


def _confine_as_its_user(backend: int, bound: int) -> None:
    """Bound the backend as the user that it runs as: root in a container may lack the right to."""
    owner = Path(f"/proc/{backend}").stat()
    for program in (
        ["prlimit", f"--data={bound}:{bound}", "--pid", str(backend)],
        ["renice", "-n", str(NICENESS), "-p", str(backend)],
    ):
        subprocess.run(
            program,
            user=owner.st_uid,
            group=owner.st_gid,
            extra_groups=[],
            cwd="/",
            check=True,
            timeout=2,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _is_ours_to_bound(connection: Session, backend: int) -> bool:
    """Say whether that process is the backend, and not another machine's or container's number.

    A unix socket knows which process listens on it; the backend is that one's child.
    """
    with suppress(OSError, ValueError):
        copy = socket.socket(fileno=os.dup(connection.pgconn.socket))
        with copy:
            if copy.family != socket.AF_UNIX:
                return False
            peer = copy.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        postmaster = struct.unpack("3i", peer)[0]
        # The name in parentheses may hold anything; after it come the state and the parent.
        parent = int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])
        return bool(parent == postmaster)
    return False


def _data_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) << 10
    raise ValueError("no VmData")
