"""One name, one meaning: what a reader learns of a class holds wherever the name stands."""

import ast
from collections import defaultdict
from pathlib import Path

from tests.support.root import ROOT

SOURCES = ("eventlog", "projections", "api", "publisher")
# Mirrors what is sent, for the OpenAPI document alone.
DOCUMENTED = Path("api/answers.py")


def public_classes() -> dict[str, list[str]]:
    """Return each public class's name, and the modules that define one of it."""
    found: dict[str, list[str]] = defaultdict(list)
    for package in SOURCES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.relative_to(ROOT) == DOCUMENTED:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(str(path.relative_to(ROOT)))
    return found


def test_no_two_modules_give_one_name_to_different_classes() -> None:
    # Two of one name in one file are two as well; a name that another module imports is not.
    assert {name: places for name, places in public_classes().items() if len(places) > 1} == {}
