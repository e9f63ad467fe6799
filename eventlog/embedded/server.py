"""The life of an embedded PostgreSQL: started as our child, awaited, stopped.

Who dies, and what follows:
- Our process ends, by return, exception or kill -9: the kernel sends the postmaster SIGINT
  (PR_SET_PDEATHSIG), which is a fast, clean shutdown. Whoever starts next waits for the lock,
  which PostgreSQL holds to its end.
- The postmaster ends by itself: its backends see that and end. `start` starts it again, which
  embedded/keeper.py sees to.
- The machine goes down: the next start is PostgreSQL's crash recovery, waited for without a limit.
"""

import fcntl
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from psycopg import pq

from eventlog.embedded.access import write_access
from eventlog.embedded.account import Account
from eventlog.embedded.binaries import Program, find_binaries, major_version, runnable_by
from eventlog.embedded.cluster import check_version, create_cluster
from eventlog.embedded.directory import OWNER, SUPERUSER, DataDirectory, Postmaster
from eventlog.embedded.errors import EmbeddedServerError
from eventlog.embedded.ownership import mend
from eventlog.embedded.process import Child
from eventlog.embedded.shutdown_watch import Orphan, ShutdownWatch, ended_at_once
from eventlog.embedded.silence import SILENCE_SECONDS_MAX, Say, Silence, is_hidden, ping, why_silent
from eventlog.embedded.sockets import make_socket_dir, remove_socket_dir
from eventlog.embedded.tuning import server_options

SOCKET_NUMBER = 5432  # part of the socket's file name; a port only if TCP is asked for
END_SEEN_SECONDS_MAX = 1.0
HIDDEN_SECONDS_MAX = 3.0  # one that ends removes its socket a moment before it is gone


def _silent(_: str) -> None:
    """Say nothing."""


class EmbeddedServer:
    """PostgreSQL as our child, over one data directory."""

    def __init__(
        self,
        data_dir: Path,
        *,
        bindir: Path | None = None,
        port: int | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """Start nothing yet; `options` are PostgreSQL settings that override ours.

        A port makes the server listen on 127.0.0.1 too, where it asks for a password.
        """
        self.directory = DataDirectory(data_dir)
        self.attached = False
        self._bindir = bindir
        self._port = port
        self._options = dict(options or {})
        self._postmaster: Postmaster | None = None
        self._child: Child | None = None
        self._program: Program | None = None
        self._lock: int | None = None
        self._socket_dir: Path | None = None
        self._starter_pid = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def dsn(self) -> str:
        """The owner's address: role eventlog, which is no superuser, on database eventlog."""
        return self._address(OWNER)

    @property
    def superuser_dsn(self) -> str:
        """The superuser's address, for tests, backups and fault injection."""
        return self._address(SUPERUSER)

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self.postmaster.pid

    @property
    def postmaster(self) -> Postmaster:
        """The server that was started or attached to."""
        if self._postmaster is None:
            raise EmbeddedServerError(f"the embedded PostgreSQL on {self.directory.path} is not started")
        return self._postmaster

    def _address(self, role: str) -> str:
        socket_dir = quote(str(self.postmaster.socket_dir), safe="")
        return f"postgresql://{role}@/{OWNER}?host={socket_dir}&port={self.postmaster.port}"

    def start(self, say: Say = _silent) -> None:
        """Start the server, or attach to the one that runs; return when it accepts connections.

        Makes the cluster on the first start. Called again it does nothing, unless the server has
        ended meanwhile: then it starts another. Says what takes long. Raises EmbeddedServerError.
        """
        self._start(say, detached=False)

    def start_detached(self, say: Say = _silent) -> None:
        """Start a server that outlives us, and attach to it."""
        self._start(say, detached=True)

    def attach(self) -> bool:
        """Attach to a server that accepts connections now; say whether there is one."""
        found = self.directory.postmaster()
        if found is None or ping(found) != pq.Ping.OK:
            return False
        self._postmaster, self.attached = found, True
        return True

    def absence(self) -> str:
        """Say why there is no server to attach to."""
        if self.directory.is_locked():
            return why_silent(self.directory)
        return (
            f"no database runs on {self.directory.path}: start it with `eventlog db start` or `eventlog up`"
        )

    def _start(self, say: Say, *, detached: bool) -> None:
        if self._is_gone():
            self.stop()
        if self._postmaster is not None:
            return
        account = self.directory.prepare()
        self._lock = self._wait_for_lock_or_server(say)
        if self._lock is None:
            return
        self._starter_pid = os.getpid()
        try:
            self.directory.write_owner(self._lock, detached=detached)
            self._postmaster = self._launch(account, self._lock, say, detached=detached)
        except BaseException:
            self.stop()
            raise
        if detached:
            self._let_go()
            self.attached = True

    @property
    def is_ours(self) -> bool:
        """Whether we have started the server, and end it."""
        return self._child is not None

    def programs_changed(self) -> bool:
        """Say whether a start would take other programs than those that run.

        Raises EmbeddedServerError when there are none.
        """
        return self._program != Program.at(self._runnable(self.directory.prepare()) / "postgres")

    @property
    def has_crashed(self) -> bool:
        """Whether the server that we started has ended, and not because somebody stopped it cleanly."""
        child = self._child
        return child is not None and child.ended.is_set() and child.process.returncode != 0

    def _is_gone(self) -> bool:
        """Say whether the server that we started or attached to has ended behind our back."""
        if self._postmaster is None or ping(self._postmaster) != pq.Ping.NO_RESPONSE:
            return False
        # Our own may be hung, which is not gone; its end is seen a moment after it has happened.
        return self._child is None or self._child.ended.wait(END_SEEN_SECONDS_MAX)

    def _wait_for_lock_or_server(self, say: Say) -> int | None:
        """Return the lock, or None once we are attached to somebody else's server."""
        silence = Silence(say, "another process is starting or stopping the database: waiting for it")
        hidden_since: float | None = None
        orphan = Orphan(self.directory, say)
        while True:
            lock = self.directory.try_lock()
            if lock is not None or self.attach():
                return lock
            found = self.directory.postmaster()
            if found is not None and ping(found) == pq.Ping.REJECT:
                silence.broken()
                orphan.end_when_stuck(found.pid)
            hidden_since = (hidden_since or time.monotonic()) if is_hidden(self.directory) else None
            hidden = hidden_since is not None and time.monotonic() - hidden_since > HIDDEN_SECONDS_MAX
            if silence.lasts_too_long() or hidden:
                raise EmbeddedServerError(why_silent(self.directory))

    def _launch(self, account: Account, lock: int, say: Say, *, detached: bool) -> Postmaster:
        bindir = self._runnable(account)
        self._program = Program.at(bindir / "postgres")
        if not self.directory.cluster.exists():
            say(f"making a new database in {self.directory.path}")
            create_cluster(self.directory, bindir, account, lock)
        for line in mend(self.directory, account):
            say(line)
        check_version(self.directory, bindir)
        self.directory.clear_stale_pid()
        socket_dir = self._socket_dir = make_socket_dir(self.directory, account)
        access = write_access(self.directory.path, account, major_version(bindir))
        log_start = self.directory.log_size()
        self._child = Child(
            [bindir / "postgres", "-D", self.directory.cluster, *self._settings(socket_dir, access)],
            account,
            log=self.directory.log,
            death_signal=0 if detached else signal.SIGINT,
            lock=lock,
        )
        expected = Postmaster(self._child.process.pid, self._port or SOCKET_NUMBER, socket_dir)
        self._wait_until_ready(self._child, expected, log_start, say)
        return expected

    def _runnable(self, account: Account) -> Path:
        return runnable_by(account, find_binaries(self._bindir))

    def _settings(self, socket_dir: Path, access: Mapping[str, str]) -> list[str]:
        settings = server_options(self.directory.path) | {
            **access,
            "unix_socket_directories": str(socket_dir),
            "unix_socket_permissions": "0700",
            "listen_addresses": "127.0.0.1" if self._port else "",
            "port": str(self._port or SOCKET_NUMBER),
            "password_encryption": "scram-sha-256",
        }
        return [f"--{name}={value}" for name, value in (settings | self._options).items()]

    def _wait_until_ready(self, child: Child, expected: Postmaster, log_start: int, say: Say) -> None:
        silence = Silence(say, "PostgreSQL is starting; after an unclean stop it recovers first")
        while (answer := ping(expected)) != pq.Ping.OK:
            if answer == pq.Ping.REJECT:
                silence.broken()
            if silence.lasts_too_long(child.ended):
                raise EmbeddedServerError(
                    f"PostgreSQL runs but does not answer after {SILENCE_SECONDS_MAX:.0f} s: "
                    f"see {self.directory.log}"
                )
            if child.ended.is_set():
                child.await_log()
                raise EmbeddedServerError(
                    f"PostgreSQL ended while it started; {self.directory.log} ends with:\n"
                    + self.directory.log_tail(log_start)
                )

    def stop(self, say: Say = _silent) -> None:
        """Stop the server cleanly if it is ours; wait for its end. May be called again.

        Where that takes too long, it ends at once, and says so.
        """
        if self._starter_pid == os.getpid():  # a fork of the owner owns nothing
            clean = True
            if self._child is not None:
                # SIGINT is a fast shutdown. SIGQUIT is an immediate one: nothing committed is lost,
                # the next start recovers.
                watch = ShutdownWatch(self._child.process.pid)
                clean = self._child.end(signal.SIGINT, signal.SIGQUIT, is_enough=watch.is_over)
                if watch.reason:
                    say(ended_at_once(watch.reason))
            if clean and self._lock is not None:
                # A forked child of ours may hold the same lock open; PostgreSQL does not any more.
                # After an unclean end its last backends may, and then closing must do.
                if self._socket_dir is not None:
                    remove_socket_dir(self._socket_dir)
                fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._let_go()
        self._postmaster, self.attached = None, False

    def _let_go(self) -> None:
        """Close our end of the lock; a server that runs on holds it still."""
        if self._lock is not None:
            os.close(self._lock)
        self._lock = self._child = None
