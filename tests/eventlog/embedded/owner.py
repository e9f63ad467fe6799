"""A process that owns (or attaches to) a server until its stdin ends, for tests that kill it.

python -m tests.eventlog.embedded.owner DATA_DIR [BINDIR]: one JSON line when ready; what it says on stderr.
"""

import json
import sys
from pathlib import Path

from eventlog.embedded import EmbeddedServer


def main(data_dir: str, bindir: str | None = None) -> None:
    server = EmbeddedServer(Path(data_dir), bindir=Path(bindir) if bindir else None)
    server.start(lambda message: print(message, file=sys.stderr, flush=True))
    print(json.dumps({"pid": server.pid, "dsn": server.dsn, "attached": server.attached}), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
