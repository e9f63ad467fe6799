"""Nothing committed depends on one machine, or on one package index."""

import re

import pytest

from tests.packaging.checkout import committed_files
from tests.support.root import ROOT

# Where somebody's own things lie, and the addresses that a tool writes down unasked: whose registry it is
# does not matter, any host of that name is one.
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:work|root|home|Users)/"
    r"|file:/{2}"
    r"|/simple\b"
    r"|\bindex-url\b"
    r"|\b(?:registry|pypi|npm)\.[\w-]+\.[a-z]"
    r"|//[\w.-]*\b(?:registry|pypi|npm)\."
    r"|\"resolved\": *\"http"
)


def test_no_committed_file_names_a_home_directory_or_a_package_index() -> None:
    found = []
    for path in committed_files():
        if path.name == "test_addresses.py":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if FORBIDDEN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "cd /root/project",
        "PATH=/home/ada/bin",
        "--index-url https://packages.example",
        "Looking in https://packages.example/simple",
        "x @ file:///tmp/x.whl",
        '"resolved": "https://packages.example/x"',
        "https://registry.packages.example/x",
        "index: pypi.packages.example",
        "https://pypi.example/x",
    ],
)
def test_such_a_line_would_be_found(line: str) -> None:
    assert FORBIDDEN.search(line)
