"""The command line imports what a command needs when it runs: each of our processes begins as a command."""

import subprocess
import sys

HEAVY = {"aiohttp", "asyncio", "fastapi", "prompt_toolkit", "psycopg", "pydantic", "structlog", "uvicorn"}


def test_to_know_all_commands_imports_nothing_heavy() -> None:
    program = f"import sys, eventlog.cli; eventlog.cli.build(); print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
