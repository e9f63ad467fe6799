"""Have a rebuild play somebody's own projection in a process of its own, and find what kills that.

A delivery whose step kills the process or hangs has met workers before, who have set it aside
(projections/quarantine/crash_isolation.py); but it may meet a rebuild first, of code that has changed or of a
projection that was dropped. All partitions are played together, and only when the process has died one
batch after the other, smaller each time, as workers do it. Since this process survives, nothing has to be
written down for it.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog
from psycopg.rows import class_row

from eventlog.errors import DatabaseUnavailable
from eventlog.sessions.database import Connection
from eventlog.statements import statement
from projections import play
from projections.errors import ProjectionFailed
from projections.projection import Projection
from projections.quarantine.classify_error import explains
from projections.quarantine.crash_isolation import Suspicion, given_up, next_attempt
from projections.rebuilding.steps import Steps
from projections.rebuilding.subprocess_main import Answer, CatchUp, Done, Failed, Played, PlayerSetup
from projections.replay import Decision, Span
from projections.versions import Version

log = structlog.get_logger()

WATCH_SECONDS = 0.25
# What a step may take beside the projection's own code, whose time is limited.
GRACE_SECONDS = 60.0
# How long workers may take to end the step under way.
END_SECONDS = 10.0


class SubprocessPlayer:
    """The process that plays, started again when it has died. Use as a context manager."""

    def __init__(self, dsn: str, projection: Projection) -> None:
        self._projection = projection
        self._setting = PlayerSetup(dsn, str(projection.folder), projection.definition)
        self._process: subprocess.Popen[bytes] | None = None
        self._heard = b""
        self._catching_up: CatchUp | None = None

    def __enter__(self) -> "SubprocessPlayer":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def play(self, steps: Steps, count: Callable[[int], None], watch: Callable[[], None]) -> bool:
        """Play steps; False when the process died of it or came to nothing.

        Raises ProjectionFailed, DatabaseUnavailable, and what `watch` raises.
        """
        self._say(steps)
        silence_max = _seconds_max(steps)
        last = time.monotonic()
        while True:
            watch()
            answers = self._answers()
            if answers is None or time.monotonic() - last > silence_max:
                self._kill()
                return False
            for answer in answers:
                last = time.monotonic()
                if isinstance(answer, Played):
                    count(answer.deliveries)
                elif isinstance(answer, Done):
                    return True
                self._refuse(answer)

    def _refuse(self, answer: Answer) -> None:
        if isinstance(answer, Failed):
            if answer.transient:
                raise DatabaseUnavailable(answer.cause)
            raise ProjectionFailed(self._projection.name, answer.cause)

    def catch_up(self, workers: int, batch_size: int) -> None:
        """Run workers there from now on."""
        self._catching_up = CatchUp(workers, batch_size)
        self._say(self._catching_up)

    def tend(self) -> None:
        """Start the workers again if they have died: their attempts find out of what."""
        if self._catching_up is None:
            return
        answers = self._answers(0)
        if answers is None:
            log.warning("rebuild_workers_died", projection=self._projection.name)
            self._kill()
            self._say(self._catching_up)
        for answer in answers or ():
            self._refuse(answer)

    def _say(self, task: Steps | CatchUp) -> None:
        if self._process is None:
            self._process = self._started()
            self._write(self._setting)
        self._write(task)

    def _started(self) -> subprocess.Popen[bytes]:
        self._heard = b""
        return subprocess.Popen(
            [sys.executable, "-m", "projections.rebuilding.subprocess_main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Modules are found there as here; an interrupt is for us to pass on.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            start_new_session=True,
        )

    def _write(self, said: msgspec.Struct) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has died, and will not answer
            self._process.stdin.write(msgspec.json.encode(said) + b"\n")
            self._process.stdin.flush()

    def _answers(self, seconds: float = WATCH_SECONDS) -> list[Answer] | None:
        """Return what was said meanwhile; None when nothing ever will be."""
        assert self._process is not None
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return []
        heard = os.read(self._process.stdout.fileno(), 1 << 16)
        if not heard:
            return None
        *lines, self._heard = (self._heard + heard).split(b"\n")
        return [msgspec.json.decode(line, type=Answer) for line in lines]

    def _end(self) -> None:
        """Let workers end what they do; what plays steps ends at once."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self._kill()

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(BrokenPipeError), process:
                pass


def _seconds_max(steps: Steps) -> float:
    """Return after how long without a word it must hang where no time limit reaches."""
    parts = -(-steps.batch_size // play.APPLIED_MAX)
    return parts * play.APPLY_SECONDS_MAX + play.STEP_TIMEOUT_MILLISECONDS / 1000 + GRACE_SECONDS


def known_killers(connection: Connection, version: Version) -> list[Decision]:
    """Return what was set aside for a reason that the content does not show."""
    cursor = connection.cursor(row_factory=class_row(Decision))
    decided = cursor.execute(statement("replay/decisions"), version.key).fetchall()
    return [each for each in decided if not explains(each.sqlstate)]


def play_apart(
    apart: SubprocessPlayer,
    steps: Steps,
    unplayed: Callable[[], list[Span]],
    count: Callable[[int], None],
    watch: Callable[[], None],
) -> None:
    """Play all that is not played yet; a delivery that kills three times alone is set aside."""

    def survived(spans: list[Span], **changes: int) -> bool:
        some = msgspec.structs.replace(steps, spans=spans, decided=decided, **changes)
        return apart.play(some, count, watch)

    decided = list(steps.decided)
    while not survived(unplayed()):
        log.warning("rebuild_process_died", schema=steps.schema_name)
        killer = _find_killer(steps.batch_size, unplayed, survived)
        if killer is not None:
            log.warning("delivery_quarantined", delivery=f"{killer.partition}:{killer.position}")
            decided.append(killer)


def _find_killer(
    batch_size: int, unplayed: Callable[[], list[Span]], survived: Callable[..., bool]
) -> Decision | None:
    """Play one batch after the other until one delivery has killed often enough; None if none does."""
    for span in unplayed():
        known = _unsuspected(span.first - 1, span.last)
        while (attempt := next_attempt(known, batch_size)) is not None:
            if attempt.hopeless:
                return given_up(span.partition, attempt)
            part = Span(span.partition, span.first_position, attempt.first, attempt.last)
            alive = survived([part], workers=1, batch_size=part.deliveries)
            # Some of it may be played, though the process died.
            left = [each.first for each in unplayed() if each.partition == span.partition]
            checkpoint = left[0] - 1 if left else span.last
            known = _unsuspected(checkpoint, span.last)
            if not alive or checkpoint < (attempt.through or 0):
                tried = msgspec.structs.asdict(attempt)
                known = msgspec.structs.replace(known, **tried, died=not alive)
    return None


def _unsuspected(checkpoint: int, head: int) -> Suspicion:
    return Suspicion(None, None, None, 0, checkpoint, head, False, False)
