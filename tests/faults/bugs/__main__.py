"""Seeded bugs: plausible mistakes, each a patch, each of which a test must catch.

python -m tests.faults.bugs [NAME …]      apply each to a copy of the tree and run the test it names

The first line of a patch says what is wrong with it, the second which test catches it. Exit 3 if one
is not caught: then the kit is to be mended, not the list. All these tests are run without any bug first:
one that fails anyway would catch everything.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.support.root import ROOT

COPIED = ("eventlog", "projections", "api", "publisher", "sql", "tests", "pyproject.toml")
TEST_SECONDS_MAX = 240
ALL_SECONDS_MAX = 1200


class Bug(NamedTuple):
    """A patch, what it breaks, and the test that must notice."""

    patch: Path
    says: str
    test: str

    @property
    def name(self) -> str:
        return self.patch.stem


def bugs() -> list[Bug]:
    """Return all bugs that there are."""
    return [read_bug(patch) for patch in sorted(Path(__file__).parent.glob("*.patch"))]


def read_bug(patch: Path) -> Bug:
    says, caught_by = patch.read_text(encoding="utf-8").split("\n")[:2]
    name, _, test = caught_by.partition(": ")
    assert name == "Caught by", f"{patch.name} does not say by which test it is caught"
    return Bug(patch, says, test)


def applied(bug: Bug, tree: Path, *, check: bool = False) -> str:
    """Apply a bug to a tree, or only check that it could be; return why it cannot be, or nothing."""
    command = ["git", "apply", *(["--check"] if check else []), "-C1", str(bug.patch)]
    # Within a repository of somebody's, git would take the paths as of its root.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    return done.stderr.strip()


def copy_tree(to: Path) -> None:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
        else:
            shutil.copy(ROOT / name, to / name)


def caught(bug: Bug) -> tuple[bool, str]:
    """Run the test over a copy with the bug; say whether it failed, and by which assertion."""
    with tempfile.TemporaryDirectory(prefix="eventlog-bug-") as scratch:
        tree = Path(scratch)
        copy_tree(tree)
        if reason := applied(bug, tree):
            return False, f"the patch does not apply: {reason}"
        return _judge(_run([bug.test], tree, TEST_SECONDS_MAX))


def red_without_a_bug(chosen: list[Bug]) -> str:
    """Run the tests of bugs over the code as it is; return what fails, or nothing."""
    with tempfile.TemporaryDirectory(prefix="eventlog-no-bug-") as scratch:
        tree = Path(scratch)
        copy_tree(tree)
        output = _run(sorted({bug.test for bug in chosen}), tree, ALL_SECONDS_MAX)
    return "" if re.search(r"^\d+ passed", output, re.MULTILINE) else output[-3000:]


def _run(tests: list[str], tree: Path, seconds_max: float) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=short", "-p", "no:cacheprovider", *tests]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=seconds_max
        )
    except subprocess.TimeoutExpired:
        return "FAILED: it hangs"
    return done.stdout


def _judge(output: str) -> tuple[bool, str]:
    """A failed test caught the bug; one that could not run at all did not."""
    if not re.search(r"^FAILED", output, re.MULTILINE):
        return False, output.strip().splitlines()[-1] if output.strip() else "no test ran"
    why = re.findall(r"^E +(.+)$", output, re.MULTILINE)
    return True, why[0] if why else "the test failed"


def main() -> int:
    parser = argparse.ArgumentParser(description="Show that each seeded bug is caught by its test.")
    parser.add_argument("names", nargs="*")
    wanted = parser.parse_args().names
    missed = 0
    chosen = [bug for bug in bugs() if not wanted or bug.name in wanted]
    if red := red_without_a_bug(chosen):
        print(f"without any bug, a test fails:\n{red}")
        return 3
    print(f"without a bug, all {len({bug.test for bug in chosen})} tests pass", flush=True)
    for bug in chosen:
        began = time.monotonic()
        is_caught, why = caught(bug)
        missed += not is_caught
        print(f"{'caught' if is_caught else 'MISSED'}  {bug.name} ({time.monotonic() - began:.0f} s)")
        print(f"        {bug.says}\n        by {bug.test}\n        {why[:150]}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} seeded bugs caught")
    return 3 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
