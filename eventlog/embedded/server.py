"""The life of an embedded PostgreSQL: started as our child, awaited, stopped.

Who dies, and what follows:
- Our process ends, by return, exception or kill -9: the kernel sends the postmaster SIGINT
  (PR_SET_PDEATHSIG), which is a fast, clean shutdown. That signal is tied to the *thread* that
  forked, so each server has a thread of its own, which does nothing but fork and wait for it;
  start() may therefore be called from any thread, and thread pools may come and go.
- The postmaster ends by itself: its backends see that and end. `stop` and a new start work.
- The machine goes down: the next start is PostgreSQL's crash recovery, waited for without a limit.
"""

import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from psycopg import pq

from eventlog.embedded.account import Account, launch
from eventlog.embedded.binaries import find_binaries, runnable_by
from eventlog.embedded.directory import OWNER, SUPERUSER, DataDirectory, Postmaster, make_socket_dir
from eventlog.embedded.tuning import server_options
from eventlog.errors import EmbeddedServerError

SOCKET_NUMBER = 5432  # part of the socket's file name; a port only if TCP is asked for
POLL_SECONDS = 0.02
SILENCE_SECONDS_MAX = 60.0  # a server that runs or is locked, and neither accepts nor rejects, is broken
SHUTDOWN_SECONDS_MAX = 120.0  # a fast shutdown writes a last checkpoint; then we stop hoping

Say = Callable[[str], None]


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
        """Nothing happens before start; `options` are PostgreSQL settings that override ours.

        A port makes the server listen on 127.0.0.1 too, where it asks for a password.
        """
        self.directory = DataDirectory(data_dir)
        self.attached = False
        self._bindir = bindir
        self._port = port
        self._options = dict(options or {})
        self._postmaster: Postmaster | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._lock: int | None = None
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
        return self._running().pid

    def _address(self, role: str) -> str:
        running = self._running()
        socket_dir = quote(str(running.socket_dir), safe="")
        return f"postgresql://{role}@/{OWNER}?host={socket_dir}&port={running.port}"

    def _running(self) -> Postmaster:
        if self._postmaster is None:
            raise EmbeddedServerError(f"the embedded PostgreSQL on {self.directory.path} is not started")
        return self._postmaster

    def start(self, say: Say = _silent) -> None:
        """Start the server, or attach to the one that runs; return when it accepts connections.

        Makes the cluster on the first start. Says what takes long. Raises EmbeddedServerError.
        """
        self._start(say, detached=False)

    def start_detached(self, say: Say = _silent) -> None:
        """Start a server that outlives us, for `eventlog db start`."""
        self._start(say, detached=True)

    def _start(self, say: Say, *, detached: bool) -> None:
        if self._postmaster is not None:
            return
        account = self.directory.prepare()
        lock = self._wait_for_lock_or_server(say)
        if lock is None:
            self.attached = True
            return
        self._lock, self._starter_pid = lock, os.getpid()
        try:
            self._launch(account, lock, say, detached=detached)
        except BaseException:
            self._abandon()
            raise
        if detached:
            self._release()

    def _wait_for_lock_or_server(self, say: Say) -> int | None:
        """Return the lock, or None once somebody else's server accepts connections."""
        waited = 0.0
        while True:
            lock = self.directory.try_lock()
            if lock is not None:
                return lock
            found = self.directory.postmaster()
            if found is not None:
                answer = _ping(found)
                if answer == pq.Ping.OK:
                    self._postmaster = found
                    return None
                waited = 0.0 if answer == pq.Ping.REJECT else waited
            if waited == 0.0:
                say("another process is starting or stopping the database; waiting for it")
            if waited > SILENCE_SECONDS_MAX:
                raise EmbeddedServerError(
                    f"{self.directory.path} is in use by process {self.directory.owner_pid() or 'unknown'}, "
                    "but no server answers there: end that process, then try again"
                )
            self._ended.wait(POLL_SECONDS)
            waited += POLL_SECONDS

    def _launch(self, account: Account, lock: int, say: Say, *, detached: bool) -> None:
        bindir = runnable_by(account, find_binaries(self._bindir))
        if not self.directory.cluster.exists():
            say(f"making a new database in {self.directory.path}")
            self.directory.create_cluster(bindir, account, lock)
        self.directory.check_version(bindir)
        self.directory.clear_stale_pid()
        self.directory.write_owner(lock, detached=detached)
        socket_dir = make_socket_dir(self.directory, account)
        command: list[Path | str] = [bindir / "postgres", "-D", self.directory.cluster]
        command += self._settings(socket_dir)
        log = self.directory.open_log()
        try:
            log_start = os.fstat(log).st_size
            self._process = self._fork(command, account, log, lock, detached=detached)
        finally:
            os.close(log)
        expected = Postmaster(self._process.pid, self._port or SOCKET_NUMBER, socket_dir)
        self._wait_until_ready(expected, log_start, say)
        self._postmaster = expected

    def _settings(self, socket_dir: Path) -> list[str]:
        settings = server_options() | {
            "unix_socket_directories": str(socket_dir),
            "unix_socket_permissions": "0700",
            "listen_addresses": "127.0.0.1" if self._port else "",
            "port": str(self._port or SOCKET_NUMBER),
            "password_encryption": "scram-sha-256",
        }
        return [f"--{name}={value}" for name, value in (settings | self._options).items()]

    def _fork(
        self, command: list[Path | str], account: Account, log: int, lock: int, *, detached: bool
    ) -> "subprocess.Popen[bytes]":
        """Start the postmaster from a thread that lives as long as it does."""
        self._ended.clear()
        started = threading.Event()
        outcome: list[subprocess.Popen[bytes] | BaseException] = []

        def fork_and_wait() -> None:
            try:
                death_signal = 0 if detached else signal.SIGINT
                process = launch(command, account, output=log, death_signal=death_signal, inherit=[lock])
            except BaseException as error:
                outcome.append(error)
                started.set()
                return
            outcome.append(process)
            started.set()
            process.wait()
            self._ended.set()

        threading.Thread(target=fork_and_wait, name="embedded-postgres", daemon=True).start()
        started.wait()
        if isinstance(outcome[0], BaseException):
            raise EmbeddedServerError(f"PostgreSQL could not be started: {outcome[0]}") from outcome[0]
        return outcome[0]

    def _wait_until_ready(self, expected: Postmaster, log_start: int, say: Say) -> None:
        silent_for = recovering_for = 0.0
        while (answer := _ping(expected)) != pq.Ping.OK:
            if self._ended.wait(POLL_SECONDS):
                raise EmbeddedServerError(
                    f"PostgreSQL ended while it started; {self.directory.log} ends with:\n"
                    + self.directory.log_tail(log_start)
                )
            if answer == pq.Ping.REJECT:
                silent_for = 0.0
                if recovering_for % 5.0 < POLL_SECONDS and recovering_for >= 1.0:
                    say(f"PostgreSQL is recovering after an unclean stop ({recovering_for:.0f} s)")
                recovering_for += POLL_SECONDS
            elif (silent_for := silent_for + POLL_SECONDS) > SILENCE_SECONDS_MAX:
                raise EmbeddedServerError(
                    f"PostgreSQL runs but does not answer after {SILENCE_SECONDS_MAX:.0f} s: "
                    f"see {self.directory.log}"
                )

    def stop(self) -> None:
        """Stop the server cleanly if it is ours; wait for its end. May be called again."""
        if self._lock is not None and self._starter_pid == os.getpid():  # not in a fork of the owner
            self._abandon()
        self._postmaster = None
        self.attached = False

    def _abandon(self) -> None:
        process = self._process
        if process is not None and not self._ended.is_set():
            process.send_signal(signal.SIGINT)
            if not self._ended.wait(SHUTDOWN_SECONDS_MAX):
                # Immediate shutdown: nothing committed is lost, the next start recovers.
                process.send_signal(signal.SIGQUIT)
                self._ended.wait()
        if self._lock is not None:
            # Said, not left to close(): a forked child of ours may hold the same lock open.
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._release()

    def _release(self) -> None:
        """Let go of the lock. Of a server that runs on, its processes still hold it."""
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None
        self._process = None


def _ping(server: Postmaster) -> pq.Ping:
    address = f"host={server.socket_dir} port={server.port} user={SUPERUSER} dbname={OWNER}"
    return pq.Ping(pq.PGconn.ping(address.encode()))
