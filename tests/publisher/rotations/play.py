"""Play schedules over one API and one PostgreSQL, and hold what came of each against what was written."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import msgspec
import psycopg

from eventlog.cli import COMMANDS
from eventlog.embedded import EmbeddedServer
from tests.faults.servers import accepts, crash
from tests.faults.spawner import Spawner
from tests.faults.stack import Process, Stack, answers
from tests.publisher.rotations.proxy import Proxy, Strike
from tests.publisher.rotations.schedule import Schedule, Step, make_schedule
from tests.publisher.rotations.verdict import Delivery, Facts, violations
from tests.publisher.rotations.writer import Writer
from tests.support.postgres import FAST, at_database, create_migrated_template, short_directory
from tests.support.waiting import until

# All that a shipper imports: a schedule starts several, and importing costs more than what they do.
MODULES = (
    *dict.fromkeys(place.partition(":")[0] for place in COMMANDS.values()),
    "eventlog.settings",
    "eventlog.tls.access",
    "publisher.ship.flags",
    "publisher.ship.run",
    "publisher.ship.ship",
)
DEADLINE_SECONDS = 90.0
DELIVERIES = """
    SELECT event_id, raw::jsonb -> 'payload' ->> 'line', position FROM inbox
    WHERE partition = eventlog.partition_of(%(topic)s, %(partitions)s) AND position > %(after)s
      AND topic = %(topic)s
    ORDER BY position
"""


class Result(msgspec.Struct):
    """What one schedule came to."""

    seed: int
    sound: bool
    violations: list[str]
    steps: int
    lines: int
    deliveries: int
    destroyed: int
    named: int
    shippers_killed: int
    breaks: int
    seconds: float


class Arena:
    """A PostgreSQL, an API, and whatever starts processes; all schedules share them."""

    def __init__(self, ends: ExitStack) -> None:
        self.directory = ends.enter_context(short_directory("eventlog-rotations-"))
        self.server = EmbeddedServer(self.directory / "data", options=FAST)
        self.server.start()
        ends.callback(self.server.stop)
        self.dsn = at_database(self.server.dsn, create_migrated_template(self.server))
        self.spawner = Spawner(*MODULES, ends_at_once=True)
        ends.callback(self.spawner.close)
        self.stack = ends.enter_context(Stack(self.spawner, self.dsn, self.directory))
        self.api = self.stack.start_api()
        self._breaking = threading.Lock()
        self._connection: psycopg.Connection[tuple[str, str, int]] | None = None
        ends.callback(self._disconnect)

    def break_api(self) -> None:
        """Kill the API, and start it again."""
        with self._breaking:
            self.api.kill()
            self.api = self.stack.start_api()

    def break_postgres(self) -> None:
        """Kill the postmaster, and start it again."""
        with self._breaking:
            crash(self.server)
            self.server.start()

    def wait_until_sound(self) -> None:
        """Return once everything that was broken serves again."""
        with self._breaking:
            until(lambda: accepts(self.dsn) and answers(self.stack.port, "/readyz"))

    def partitions(self) -> int:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("SELECT count(*) FROM partitions").fetchone()
            assert row is not None
            return int(row[0])

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def deliveries(self, topic: str, partitions: int, after: int) -> list[tuple[str, str, int]]:
        """Return what the log has of a topic behind a position."""
        parameters = {"topic": topic, "partitions": partitions, "after": after}
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self.dsn, autocommit=True)
            return self._connection.execute(DELIVERIES, parameters).fetchall()
        except psycopg.OperationalError:  # it was killed
            self._disconnect()
            until(lambda: accepts(self.dsn))
            return self.deliveries(topic, partitions, after)


class Play:
    """One schedule, with files and positions of its own, and a topic in the log."""

    def __init__(self, arena: Arena, schedule: Schedule, folder: Path, proxy: Proxy) -> None:
        self._arena = arena
        self._schedule = schedule
        self._folder = folder
        self._proxy = proxy
        self._writer = Writer(schedule, folder)
        self._topic = f"rotations.{schedule.seed}.{os.urandom(4).hex()}"
        self._partitions = arena.partitions()
        self._log: list[Delivery] = []
        self._after = 0
        self._shipper: Process | None = None
        self._number = self._killed = self._breaks = self._deletions = self._must_be_named = 0
        self._destroyed: set[str] = set()
        self._codes: list[tuple[int, bool]] = []
        self._named: list[str] = []
        self._file_at_last_look = -1
        self._settled = True  # the shipper has seen all there is

    def run(self) -> Result:
        """Play all steps, then ship what is left, and compare."""
        began = time.monotonic()
        for step in self._schedule.steps:
            own = getattr(self, f"_{step.act}", None)
            if own is not None:
                own(step)
            else:
                self._writer.do(step)
                self._settled = False
        found = violations(self._finish())
        return Result(
            seed=self._schedule.seed,
            sound=not found,
            violations=found,
            steps=len(self._schedule.steps),
            lines=len(self._writer.lines),
            deliveries=len(self._log),
            destroyed=len(self._destroyed),
            named=len(self._named),
            shippers_killed=self._killed,
            breaks=self._breaks,
            seconds=round(time.monotonic() - began, 2),
        )

    def end(self) -> None:
        """Leave nobody behind."""
        self._proxy.disarm()
        self._kill_shipper()

    def _finish(self) -> Facts:
        self._kill(Step("kill"))
        self._proxy.disarm()
        self._arena.wait_until_sound()
        self._writer.close()
        self._once(Step("once"))
        before = len(self._read_log())
        self._once(Step("once"))
        after = len(self._read_log())
        return Facts(
            written=self._writer.lines,
            file_of=self._writer.file_of,
            deliveries=self._log,
            destroyed=self._destroyed,
            must_be_named=self._must_be_named,
            deletions=self._deletions,
            named=self._named,
            codes=self._codes,
            sent_again=after - before,
        )

    # The shipper.

    def _once(self, _: Step) -> None:
        self._kill(Step("kill"))
        self._start(follow=False)
        self._ended()

    def _follow(self, _: Step) -> None:
        if self._shipper is None:
            self._start(follow=True)
            self._settled = False

    def _settle(self, _: Step) -> None:
        """Wait until the follower has shipped all that can be read."""
        if self._shipper is None:
            return
        self._arena.wait_until_sound()
        shipper = self._shipper

        def is_settled() -> bool:
            came = {line for one in self._read_log() for line in one.line.split("\n")}
            lines = set(self._writer.lines) - self._destroyed
            return lines <= came or shipper.returncode is not None

        until(is_settled, deadline_seconds=DEADLINE_SECONDS, message=lambda: self._tail("not all is shipped"))
        if shipper.returncode is not None:
            self._ended()
        else:
            self._looked()

    def _stop(self, _: Step) -> None:
        if self._shipper is not None:
            self._arena.wait_until_sound()
            self._shipper.signal(signal.SIGTERM)
            self._ended()

    def _kill(self, _: Step) -> None:
        if self._shipper is not None:
            self._shipper.signal(signal.SIGKILL)
            self._ended()

    def _start(self, *, follow: bool) -> None:
        schedule, self._number = self._schedule, self._number + 1
        path = self._writer.path
        target = {"path": path, "pattern": f"{path}*", "folder": path.parent}[schedule.shipped]
        flags = ["--follow"] if follow else []
        flags += ["--links"] if schedule.writer == "link" else []
        state = str(self._folder / "positions")
        arguments = ["ship", *flags, "--topic", self._topic, "--batch", str(schedule.batch)]
        (log := self._folder / f"shipper-{self._number}.log").touch()
        self._shipper = Process(
            self._arena.spawner,
            *arguments,
            "--state-dir",
            state,
            str(target),
            log=log,
            url=self._proxy.url,
        )

    def _ended(self) -> None:
        """Wait for its end, and take down what it said."""
        shipper, self._shipper = self._shipper, None
        assert shipper is not None
        until(
            lambda: shipper.returncode is not None,
            deadline_seconds=DEADLINE_SECONDS,
            message=lambda: f"it does not end: {shipper.log.read_text()[-1500:]}",
        )
        code = shipper.returncode
        assert code is not None
        named = [text for text in shipper.log.read_text().splitlines() if " is gone, and so is " in text]
        self._named += named
        if code in (-signal.SIGKILL, -signal.SIGTERM):  # asked to end before it could listen
            self._killed += 1
        else:
            assert code in (0, 3), f"exit code {code}: {shipper.log.read_text()[-1500:]}"
            self._codes.append((code, bool(named)))
            self._looked()

    def _looked(self) -> None:
        self._settled = True
        self._file_at_last_look = self._writer.file

    def _tail(self, said: str) -> str:
        shipper = self._shipper
        came = {line for one in self._log for line in one.line.split("\n")}
        missing = [line for line in self._writer.lines if line not in came | self._destroyed]
        return f"{said}: {missing[:5]}; {shipper.log.read_text()[-1000:] if shipper else ''}"

    # What breaks.

    def _strike(self, step: Step) -> None:
        what, _, when = step.choice.partition(" ")
        act = self._kill_shipper if what == "shipper" else lambda: None
        self._proxy.strike(Strike(step.number, act, after=when == "after"))

    def _kill_shipper(self) -> None:
        shipper = self._shipper
        if shipper is not None:
            with suppress(ProcessLookupError):
                os.kill(shipper.pid, signal.SIGKILL)

    def _break_api(self, step: Step) -> None:
        self._break(self._arena.break_api, step)

    def _break_postgres(self, step: Step) -> None:
        self._break(self._arena.break_postgres, step)

    def _break(self, act: Callable[[], None], step: Step) -> None:
        """Now, or in the middle of a publish to come."""
        self._breaks += 1
        if step.number % 3:
            self._proxy.strike(Strike(step.number % 3, partial(act), after=step.number % 2 == 0))
        else:
            act()

    # What is deleted.

    def _delete(self, step: Step) -> None:
        """Delete a file, and note what goes with it, and whether the shipper can know."""
        files = self._writer.files()
        path = files[step.number % len(files)]
        others = {line for file in files if file != path for line in self._writer.lines_in(file)}
        came = {line for one in self._read_log() for line in one.line.split("\n")}
        lines = self._writer.lines_in(path)
        gone = [line for line in lines if line in self._writer.file_of and line not in others]
        unread = [line for line in gone if line not in came]
        self._deletions += 1
        was_read = bool(lines) and lines[0] in came
        # A follower that is not waited for may or may not have the file open.
        if unread and was_read and self._shipper is None:
            self._must_be_named += self._writer.file_of[lines[0]] == self._file_at_last_look
        self._destroyed |= set(unread)
        self._writer.delete(path)

    def _read_log(self) -> list[Delivery]:
        for event_id, line, position in self._arena.deliveries(self._topic, self._partitions, self._after):
            self._log.append(Delivery(event_id, line))
            self._after = position
        return self._log


def play(arena: Arena, schedule: Schedule) -> Result:
    """Play one schedule in a folder of its own."""
    with short_directory("eventlog-rotation-") as folder, Proxy(arena.stack.port) as proxy:
        one = Play(arena, schedule, folder, proxy)
        try:
            return one.run()
        except AssertionError as error:
            return Result(schedule.seed, False, [str(error)], len(schedule.steps), 0, 0, 0, 0, 0, 0, 0.0)
        finally:
            one.end()


def play_seed(arena: Arena, seed: int) -> Result:
    """Play the schedule of a seed."""
    return play(arena, make_schedule(seed))
