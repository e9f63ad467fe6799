"""The process in which a rebuild plays a custom projection.

Run as `python -m projections.rebuilding.subprocess_main`. Such a step may kill its process, or hang for ever.
So it runs here, and projections/rebuilding/subprocess_player.py is told
over pipes, a line of JSON each, what came of it; or that nothing came any more. Whoever wants this process to
end closes its standard input.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec
import psycopg

from eventlog.logs import configure_logs
from eventlog.sessions.database import is_transient
from eventlog.standard_error import keep_standard_output
from projections.custom.discovery import load
from projections.custom.time_limit import TookTooLong
from projections.pool import WorkerPool
from projections.projection import Projection
from projections.quarantine.classify_error import cause_of
from projections.rebuilding.steps import Steps, play_steps

# What ends a session in the middle of a step: operator intervention, a time-out among it, and a
# connection that is lost.
ENDED = ("57", "08")


class PlayerSetup(msgspec.Struct, frozen=True):
    """What to play, and in which database."""

    dsn: str
    folder: str
    definition: str


class CatchUp(msgspec.Struct, frozen=True, tag=True):
    """Run ordinary workers until standard input is closed."""

    workers: int
    batch_size: int


class Played(msgspec.Struct, frozen=True, tag=True):
    """A step is committed, and how many deliveries it had: none at the start."""

    deliveries: int


class Done(msgspec.Struct, frozen=True, tag=True):
    """All of the steps are."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """They cannot be: the projection is broken, or the database has something else to do."""

    cause: str
    transient: bool


Task = Steps | CatchUp
Answer = Played | Done | Failed
Say = Callable[[Answer], None]


def main() -> None:
    """Do what standard input says."""
    say = _answering()
    configure_logs("warning")
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    playing = threading.Event()
    setting = msgspec.json.decode(sys.stdin.buffer.readline(), type=PlayerSetup)
    threading.Thread(target=_read, args=(sys.stdin.buffer, lines, playing), daemon=True).start()
    try:
        projection = load(Path(setting.folder))
        if projection.definition != setting.definition:
            raise ValueError("its files have changed meanwhile")
    except Exception as error:
        say(Failed(cause_of(error), False))
        return
    while line := lines.get():
        task = msgspec.json.decode(line, type=Task)
        if isinstance(task, CatchUp):
            _catch_up(setting.dsn, projection, task, lines)
            return
        playing.set()
        say(Played(0))
        say(_play(setting.dsn, projection, task, say))
        playing.clear()


def _answering() -> Say:
    """Keep standard output for the answers: what the projection prints goes where talk goes."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    keep_standard_output()
    saying = threading.Lock()

    def say(answer: Answer) -> None:
        with saying:
            answers.write(msgspec.json.encode(answer) + b"\n")

    return say


def _read(source: BinaryIO, lines: queue.SimpleQueue[bytes], playing: threading.Event) -> None:
    for line in source:
        lines.put(line)
    # Nobody wants the steps any more, and they may never come back.
    if playing.is_set():
        os._exit(1)
    lines.put(b"")


def _play(dsn: str, projection: Projection, steps: Steps, say: Say) -> Answer:
    try:
        play_steps(dsn, projection, steps, lambda count: say(Played(count)), lambda: None, threading.Event())
    except TookTooLong:
        os._exit(1)
    except psycopg.Error as error:
        if (error.sqlstate or "08").startswith(ENDED):
            # As good as dead, and looked for in the same way.
            os._exit(1)
        return Failed(cause_of(error), is_transient(error))
    except Exception as error:
        return Failed(cause_of(error), False)
    return Done()


def _catch_up(dsn: str, projection: Projection, task: CatchUp, lines: queue.SimpleQueue[bytes]) -> None:
    pool = WorkerPool(dsn, count=task.workers, batch_size=task.batch_size, projections=[projection])
    pool.start()
    lines.get()
    pool.stop()


if __name__ == "__main__":
    main()
