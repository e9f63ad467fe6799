"""One fault schedule played: strike, heal, drain, check."""

import hashlib
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
import psutil
import psycopg

from eventlog.embedded import EmbeddedServer
from tests.faults.amcheck import damage
from tests.faults.checker import log_hash, violations
from tests.faults.client import Load, load
from tests.faults.outbox_client import publish_through_outbox
from tests.faults.proxy import Proxy
from tests.faults.schedule import Schedule, Strike
from tests.faults.servers import accepts, crash, kill_backend, socket_file
from tests.faults.spawner import Spawner
from tests.faults.stack import Process, Stack, answers
from tests.support.postgres import FAST, at_database, create_migrated_template, short_directory
from tests.support.root import ROOT
from tests.support.waiting import until

PRODUCT = ("eventlog", "projections", "api", "sql")
ACKNOWLEDGED_AGAIN_SECONDS_MAX = 10.0
DRAINED_SECONDS_MAX = 60.0
RSS_BYTES_MAX = 400 << 20
SESSIONS_MAX = 60
CHECKED_EVERY = 10


def _code() -> str:
    """Return a hash of the product's files: a result holds for the code that it was got with."""
    root = ROOT
    files = sorted(
        file for name in PRODUCT for file in (root / name).rglob("*") if file.suffix in (".py", ".sql")
    )
    digests = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    return hashlib.sha256(digests).hexdigest()[:12]


CODE = _code()


class Result(msgspec.Struct):
    """What one schedule did and found."""

    seed: int
    code: str
    sound: bool
    violations: list[str]
    faults: dict[str, int]
    processes_killed: int
    connections_struck: int
    acknowledged: int
    attempts: dict[str, int]
    codes: list[str]
    acknowledged_again_seconds: float
    drained_seconds: float
    seconds: float


class Arena:
    """One server and one spawner, used by all schedules."""

    def __init__(self, ends: ExitStack, bindir: Path | None = None) -> None:
        directory = ends.enter_context(short_directory("eventlog-chaos-"))
        self.bindir = bindir
        self.server = EmbeddedServer(directory / "data", bindir=bindir, options=FAST)
        self.server.start()
        ends.callback(self.server.stop)
        self.template = create_migrated_template(self.server)
        self.spawner = Spawner()
        ends.callback(self.spawner.close)


class Run:
    """One schedule on the arena."""

    def __init__(self, arena: Arena, schedule: Schedule, database: str, directory: Path) -> None:
        self._server = arena.server
        self._bindir = arena.bindir
        self._database = database
        self._schedule = schedule
        self._journal = directory / "journal.jsonl"
        self._dsn = at_database(arena.server.dsn, database)
        self._ends = ExitStack()
        self._proxy = self._ends.enter_context(Proxy(socket_file(arena.server)))
        through = self._proxy.dsn(database)
        self._stack = self._ends.enter_context(
            Stack(arena.spawner, self._dsn, directory, api_dsn=through, worker_dsn=through)
        )
        self._faults: Counter[str] = Counter()
        self._api: Process
        self._workers: list[Process]
        self._publishers: list[threading.Thread] = []
        self._rebuilds: list[Process] = []

    def play(self) -> Result:
        """Strike, heal, drain, check."""
        began = time.monotonic()
        with self._ends:
            size = self._schedule.batch_size
            self._workers = [self._stack.start_worker(batch_size=size) for _ in range(2)]
            self._api = self._stack.start_api()
            with load(
                self._stack.port,
                self._journal,
                seed=self._schedule.seed,
                clients=self._schedule.clients,
                batch_max=self._schedule.batch_max,
                pause_seconds=0.002,
            ) as running:
                until(lambda: running.journal.acknowledged > 0, deadline_seconds=20)
                before = log_hash(self._dsn)
                for strike in self._schedule.strikes:
                    time.sleep(strike.after_seconds)
                    self._strike(strike)
                self._heal()
                again = self._acknowledged_again(running)
            self._finish_rebuilds()
            for publisher in self._publishers:
                publisher.join(30)
            healed = time.monotonic()
            self._stack.drain(DRAINED_SECONDS_MAX, meanwhile=self._revive)
            drained = time.monotonic() - healed
            found = violations(sorted(self._journal.parent.glob("*.jsonl")), self._dsn, raised=self._raises())
            found += [f"I9_log_immutable: {line}" for line in before.changed_in(self._dsn)]
            found += self._unequal()
            found += self._unbounded()
            found += self._damaged()
            return self._result(running, found, again, drained, time.monotonic() - began)

    def _strike(self, strike: Strike) -> None:
        self._faults[strike.fault] += 1
        getattr(self, f"_{strike.fault}")(strike)

    def _kill_api(self, strike: Strike) -> None:
        self._api.kill()
        self._start_api()

    def _terminate_api(self, strike: Strike) -> None:
        served = answers(self._stack.port)
        self._api.signal(signal.SIGTERM)
        code = self._api.wait(20)
        assert code in (0, -9) or not served, f"SIGTERM ended the API with {code}: {self._stack.tails()}"
        self._start_api()

    def _start_api(self, failpoints: str = "") -> None:
        """Start another API and give it a moment; a fault in force may keep it from starting."""
        self._api = self._stack.launch_api(failpoints)
        with suppress(AssertionError):
            until(lambda: answers(self._stack.port) or self._api.returncode is not None, deadline_seconds=2)

    def _failpoint_api(self, strike: Strike) -> None:
        self._api.kill()
        self._start_api(strike.detail)
        time.sleep(strike.seconds)

    def _kill_worker(self, strike: Strike) -> None:
        self._workers.pop(0).kill()
        self._workers.append(self._stack.start_worker(batch_size=self._schedule.batch_size))

    def _failpoint_worker(self, strike: Strike) -> None:
        self._workers.pop(0).kill()
        self._workers.append(self._stack.start_worker(strike.detail, batch_size=self._schedule.batch_size))

    def _stop_api(self, strike: Strike) -> None:
        self._stopped(self._api, strike)

    def _stop_worker(self, strike: Strike) -> None:
        self._stopped(self._workers[0], strike)

    def _stopped(self, process: Process, strike: Strike) -> None:
        process.signal(signal.SIGSTOP)
        time.sleep(strike.seconds)
        process.signal(signal.SIGCONT)

    def _kill_postmaster(self, strike: Strike) -> None:
        crash(self._server)
        self._server.start()

    def _restart_postgres(self, strike: Strike) -> None:
        crash(self._server, signal.Signals[strike.detail])
        self._server.start()

    def _kill_backend(self, strike: Strike) -> None:
        with suppress(psycopg.OperationalError):
            kill_backend(self._dsn, strike.detail)

    def _vacuum(self, strike: Strike) -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute("VACUUM (FREEZE)")

    def _cut_before_commit(self, strike: Strike) -> None:
        self._proxy.inject(strike.fault, application=strike.detail, times=strike.times)

    _cut_after_commit = _rst = _cut_before_commit

    def _delay(self, strike: Strike) -> None:
        self._proxy.inject(strike.fault, seconds=0.02, times=100)

    def _stall(self, strike: Strike) -> None:
        self._proxy.inject(strike.fault)
        time.sleep(strike.seconds)
        self._proxy.heal()

    def _dribble(self, strike: Strike) -> None:
        self._proxy.inject(strike.fault)
        time.sleep(strike.seconds)
        self._proxy.heal()

    def _rebuild(self, strike: Strike) -> None:
        """Rebuild beside all the rest; a second one at a time is refused by name."""
        self._rebuilds.append(self._stack.start_command("rebuild", "core", failpoints=strike.detail))
        time.sleep(strike.seconds)

    def _finish_rebuilds(self) -> None:
        """Let rebuilds end, and have one more take up what a killed one left behind."""
        codes = {rebuild.wait(60) for rebuild in self._rebuilds}
        assert codes <= {0, 1, 4, -9}, f"rebuilds ended with {codes}: {self._stack.tails()}"
        if codes - {0}:
            last = self._stack.start_command("rebuild", "core")
            assert last.wait(60) == 0, f"I5: a rebuild does not take up another: {last.log.read_text()}"

    def _unequal(self) -> list[str]:
        """I5: every projection equals a replay of the log."""
        verify = self._stack.start_command("verify")
        code = verify.wait(60)
        return [] if code == 0 else [f"I5_rebuilt: verify ended with {code}: {verify.log.read_text()}"]

    def _outbox(self, strike: Strike) -> None:
        """Publish from inside transactions for a while, next to everything else."""
        end = time.monotonic() + strike.seconds

        def publish() -> None:
            publish_through_outbox(
                self._dsn,
                self._journal.with_name(f"outbox-{len(self._publishers)}.jsonl"),
                until_true=lambda: time.monotonic() > end,
                seed=self._schedule.seed,
                prefix=f"outbox{len(self._publishers)}",
            )

        self._publishers.append(threading.Thread(target=publish, daemon=True))
        self._publishers[-1].start()

    def _heal(self) -> None:
        """End every fault: start what died, let go what waits."""
        self._proxy.heal()
        self._server.start()
        until(lambda: accepts(self._dsn), message="PostgreSQL accepts no session")
        for process in (self._api, *self._workers):
            process.signal(signal.SIGCONT)
        if self._api.returncode is None:
            with suppress(AssertionError):
                self._stack.await_ready(self._api)
        self._revive()

    def _acknowledged_again(self, running: Load) -> float:
        """I10: return how long after the last fault healed the next acknowledgement came."""
        healed, before = time.monotonic(), running.journal.acknowledged

        def acknowledged() -> bool:
            self._revive()
            return running.journal.acknowledged > before

        until(
            acknowledged,
            deadline_seconds=ACKNOWLEDGED_AGAIN_SECONDS_MAX,
            message=lambda: "I10_liveness: nothing is acknowledged: " + self._stack.tails(),
        )
        return time.monotonic() - healed

    def _revive(self) -> None:
        """Start what died: one whose failpoint had not been hit yet may still die of it, healed or not."""
        if self._api.returncode is not None:
            self._start_api()
        size = self._schedule.batch_size
        self._workers = [
            worker if worker.returncode is None else self._stack.start_worker(batch_size=size)
            for worker in self._workers
        ]

    def _raises(self) -> bool:
        """Whether a failpoint raised what the product cannot know, and so may answer 500."""
        return any(":raise:" in strike.detail for strike in self._schedule.strikes)

    def _unbounded(self) -> list[str]:
        """I11: what grew over its cap."""
        found = []
        rss = psutil.Process(self._api.pid).memory_info().rss if self._api.returncode is None else 0
        if rss > RSS_BYTES_MAX:
            found.append(f"I11_bounded: the API has {rss >> 20} MiB")
        with psycopg.connect(self._dsn) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            ).fetchone()
        if row is not None and row[0] > SESSIONS_MAX:
            found.append(f"I11_bounded: {row[0]} sessions")
        return found

    def _damaged(self) -> list[str]:
        """Return what PostgreSQL's own check of tables and indexes finds, for a sample: it takes a second."""
        if self._schedule.seed % CHECKED_EVERY:
            return []
        return damage(at_database(self._server.superuser_dsn, self._database), self._bindir)

    def _result(
        self, running: Load, found: list[str], again: float, drained: float, seconds: float
    ) -> Result:
        outcomes = Counter(str(outcome) for client in running.clients for outcome, *_ in client.outcomes)
        return Result(
            seed=self._schedule.seed,
            code=CODE,
            sound=not found,
            violations=found,
            faults=dict(self._faults),
            processes_killed=self._stack.killed,
            connections_struck=self._proxy.struck_in_all,
            acknowledged=running.journal.acknowledged,
            attempts=dict(outcomes),
            codes=sorted(running.codes),
            acknowledged_again_seconds=round(again, 3),
            drained_seconds=round(drained, 3),
            seconds=round(seconds, 2),
        )
