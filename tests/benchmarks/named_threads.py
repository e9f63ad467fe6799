"""Run `eventlog` with its threads named for the kernel, so that their CPU time can be told apart.

python -m tests.benchmarks.named_threads up --workers 2
"""

import sys
import threading
from pathlib import Path
from types import FrameType

from eventlog.cli import main


def _name(_frame: FrameType, _event: str, _argument: object) -> None:
    """Name the thread that calls this, at its first call, and be called no more."""
    sys.setprofile(None)
    # The kernel keeps 15 characters.
    name = threading.current_thread().name.removeprefix("eventlog-")
    Path("/proc/thread-self/comm").write_text(name[:15])


# The API's processes import this module by another name.
threading.setprofile(_name)

if __name__ == "__main__":
    main()
