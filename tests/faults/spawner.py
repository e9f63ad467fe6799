"""Start `python -m eventlog …` fifty times without importing half a hundred libraries fifty times.

A small process imports the libraries, none of ours unless it is told to, and forks: each child then runs
the module `eventlog` as `python -m` would, with an environment and a log of its own. Starting costs 0.2 s
instead of 1 s or more, so that every failpoint and a thousand fault schedules fit into the time there is.

When its standard input ends, because whoever used it is gone, it kills what it started.
"""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

LIBRARIES = (
    "fastapi",
    "fastapi_offline",
    "httptools",
    "msgspec",
    "prometheus_client",
    "psycopg",
    "pydantic_settings",
    "rich.console",
    "setproctitle",
    "structlog",
    "typer",
    "uvicorn",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
    "uvloop",
)
ENDS_AT_ONCE = "--ends-at-once"


class Spawner:
    """The user's end. Callable from any thread."""

    def __init__(self, *modules: str, ends_at_once: bool = False) -> None:
        """`modules` are imported beforehand, too; none of them may read the environment then.

        Taking so many libraries down costs more than most commands do: `ends_at_once` saves it where
        a command has come to its end.
        """
        self._lock = threading.Lock()
        flags = [ENDS_AT_ONCE] if ends_at_once else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.spawner", *flags, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, arguments: list[str], environment: dict[str, str], log: Path) -> int:
        """Start a command of ours; return its process id."""
        return int(self._ask({"start": arguments, "environment": environment, "log": str(log)}))

    def returncode(self, pid: int) -> int | None:
        """Return how a process ended, as subprocess does; None while it lives."""
        code = self._ask({"returncode": pid})
        return None if code is None else int(code)

    def close(self) -> None:
        """End the spawner and all that it started."""
        self._process.communicate()

    def _ask(self, question: dict[str, Any]) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


def main() -> None:
    modules = [name for name in sys.argv[1:] if name != ENDS_AT_ONCE]
    ends_at_once = ENDS_AT_ONCE in sys.argv
    for name in (*LIBRARIES, *modules):
        import_module(name)
    gc.freeze()  # what is collected is written to, and then no more shared with the children
    started: dict[int, int | None] = {}
    for line in sys.stdin:
        question = json.loads(line)
        if "start" in question:
            pid = os.fork()
            if pid == 0:
                return _become_and_leave(question) if ends_at_once else _become(question)
            started[pid] = None
            print(pid, flush=True)
        else:
            print(json.dumps(_returncode(started, question["returncode"])), flush=True)
    for pid in started:
        if _returncode(started, pid) is None:
            os.kill(pid, signal.SIGKILL)
    return None


def _returncode(started: dict[int, int | None], pid: int) -> int | None:
    if started[pid] is None:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            started[pid] = os.waitstatus_to_exitcode(status)
    return started[pid]


def _become_and_leave(question: dict[str, Any]) -> None:
    """Be the command, and end as soon as it does."""
    try:
        _become(question)
    except SystemExit as end:
        if isinstance(end.code, int):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code)
        raise


def _become(question: dict[str, Any]) -> None:
    """Be `python -m eventlog` in this child."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(question["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number, file in enumerate((nothing, log, log)):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(question["environment"])
    sys.argv = ["eventlog", *question["start"]]
    runpy.run_module("eventlog", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
