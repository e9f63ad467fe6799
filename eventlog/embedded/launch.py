"""Become another program: drop root, tie our life to the parent's, exec.

Run as a script by `process.launch`, in the child, because what it does cannot be done
safely between fork and exec of a process that has threads (subprocess's preexec_fn).
It imports nothing of eventlog, so it starts in some 20 ms.

    launch.py UID GID DEATH_SIGNAL PARENT_PID PROGRAM ARGUMENT…     (UID -1: stay who we are)
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def drop_root(uid: int, gid: int) -> None:
    """Become uid and gid for good, with no supplementary group."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(death_signal: int, parent_pid: int) -> None:
    """Have the kernel send us a signal when the thread that started us ends, however it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have died before the call, and then no signal ever comes.
    if os.getppid() != parent_pid:
        sys.exit("the process that started us is gone")


def main(arguments: list[str]) -> None:
    """Become the program, as the user and with the signal that the arguments name."""
    uid, gid, death_signal, parent_pid = (int(number) for number in arguments[:4])
    program = arguments[4:]
    os.umask(0o077)
    if uid >= 0:
        drop_root(uid, gid)
    # After the change of user, because that change clears the request.
    if death_signal and sys.platform == "linux":
        die_with_parent(death_signal, parent_pid)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
