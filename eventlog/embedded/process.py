"""Programs of PostgreSQL as our children, run as the account, ending with us."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from eventlog.embedded.account import Account

LAUNCHER = Path(__file__).with_name("launch.py")
LOG_WRITER = Path(__file__).with_name("log_writer.py")
# A log of LOG_BYTES_MAX is put aside, and LOGS_KEPT of these are kept: four files, 64 MiB, at most.
LOG_BYTES_MAX = 16 << 20
LOGS_KEPT = 3
LOG_SECONDS_MAX = 2.0
POLL_SECONDS = 0.1

Command = Sequence[str | Path]


def launch(
    program: Command,
    account: Account,
    *,
    output: int,
    death_signal: int = 0,
    stdin: int = subprocess.DEVNULL,
    inherit: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start a program as the account, in a session of its own, both outputs into `output`.

    With a death_signal the program gets it when the *thread* that calls this ends; so call it
    from a thread that lives as long as the program should.
    """
    owner = (-1, -1) if account.is_current else (account.uid, account.gid)
    return subprocess.Popen(
        launched(program, death_signal, *owner),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        # Ours may be closed to that user, and must not be held busy by a server.
        cwd="/",
        env=_environment(),
        # A terminal's Ctrl-C goes to its whole process group: we stop PostgreSQL, not the terminal.
        start_new_session=True,
        pass_fds=inherit,
    )


def launched(program: Command, death_signal: int, uid: int = -1, gid: int = -1) -> list[str | Path]:
    """Return the command that runs a program as a user (-1: as ours), with a signal for our thread's end."""
    asked = map(str, (uid, gid, death_signal, os.getpid()))
    return [sys.executable, "-I", "-S", LAUNCHER, *asked, *program]


def _environment() -> dict[str, str]:
    """Return the environment of the programs: nothing of libpq's (PG…) and no secret of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def run_to_end(
    program: Command,
    account: Account,
    *,
    output: int,
    inherit: Sequence[int],
    stdin: int = subprocess.DEVNULL,
) -> int:
    """Run a program that must not outlive this call, nor its own children; return its exit code."""
    alive, held = os.pipe()
    try:
        process = launch(
            program,
            account,
            output=output,
            stdin=stdin,
            death_signal=signal.SIGKILL,
            inherit=[*inherit, held],
        )
    finally:
        os.close(held)
    try:
        return process.wait()
    except BaseException:  # Ctrl-C reaches us alone: the program has a session of its own
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # initdb runs postgres: whoever cleans up after us must not race the files that one still makes.
        # Each holds the pipe's other end, which the kernel closes when the last of them has ended.
        os.read(alive, 1)
        raise
    finally:
        os.close(alive)


class LogWriter:
    """The process that writes what PostgreSQL says; `pipe` is what PostgreSQL gets as its standard error.

    It ends with the last process that holds the pipe, and holds the lock until then: whoever gets the lock
    finds the log complete.
    """

    def __init__(self, log: Path, lock: int) -> None:
        reader, self.pipe = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", LOG_WRITER, log, str(LOG_BYTES_MAX), str(LOGS_KEPT)],
                stdin=reader,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                pass_fds=[lock],
            )
        except BaseException:
            os.close(self.pipe)
            raise
        finally:
            os.close(reader)

    def finish(self) -> None:
        """Wait until everything that PostgreSQL said is written."""
        self._process.wait()


class Child:
    """A server that lives beside us until it ends, is told to, or we end.

    The death signal is tied to the thread that forked, so a thread of its own forks and then does
    nothing but wait for the program. A thread pool's thread may end at any time, and so may whichever
    thread happened to call start(); this one ends with the program or with our process.
    """

    def __init__(
        self, program: Command, account: Account, *, log: Path, death_signal: int, lock: int
    ) -> None:
        self.ended = threading.Event()
        self._log_complete = threading.Event()
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._process: subprocess.Popen[bytes] | None = None

        def fork_and_wait() -> None:
            try:
                writer = LogWriter(log, lock)
                try:
                    self._process = launch(
                        program, account, output=writer.pipe, death_signal=death_signal, inherit=[lock]
                    )
                finally:
                    os.close(writer.pipe)
            except BaseException as error:
                self._failure = error
                return
            finally:
                self._started.set()
            self._process.wait()
            self.ended.set()
            writer.finish()
            self._log_complete.set()

        threading.Thread(target=fork_and_wait, name=f"parent of {Path(program[0]).name}", daemon=True).start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The program."""
        assert self._process is not None  # __init__ raises otherwise
        return self._process

    def await_log(self) -> None:
        """Wait until the log has all that was said; not for long: a backend that hangs may yet speak."""
        self._log_complete.wait(LOG_SECONDS_MAX)

    def end(self, *signals: int, is_enough: Callable[[], bool]) -> bool:
        """Send one signal after the other, the next once it is enough, until the program has ended.

        Says whether it ended well.
        """
        for number in signals:
            if not self.ended.is_set():
                self.process.send_signal(number)
            while not self.ended.wait(POLL_SECONDS) and not is_enough():
                pass
        self.ended.wait()
        self.await_log()
        return self.process.returncode == 0
