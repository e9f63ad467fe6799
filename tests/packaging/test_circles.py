"""No module needs, however far down, a module that needs it: neither in Python nor in the web console."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.root import ROOT

PACKAGES = ("eventlog", "projections", "api", "publisher")
CONSOLE = ROOT / "api" / "console"
IMPORTED = re.compile(r"""(?:\bfrom|^import|\bimport\()\s*["'](\.[^"']+)["']""", re.MULTILINE)


def python_imports() -> dict[str, set[str]]:
    """Return what each module imports of ours, also where it does so only when it is called."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    return {
        module: set(_imported(ast.parse(path.read_text("utf-8")), paths)) - {module}
        for module, path in paths.items()
    }


def _imported(tree: ast.AST, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module
        yield from _imported(node, modules)


def console_imports() -> dict[str, set[str]]:
    """Return what each script of the web console imports."""
    return {
        str(path.relative_to(CONSOLE)): {
            str((path.parent / name).resolve().relative_to(CONSOLE.resolve()))
            for name in IMPORTED.findall(path.read_text("utf-8"))
        }
        for path in CONSOLE.rglob("*.js")
        if "vendor" not in path.parts
    }


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of a circle, in order; none where there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    imports = python_imports()
    assert "eventlog.errors" in imports["eventlog.log.append"]
    assert "eventlog.audit.console.session" in imports["eventlog.audit.commands"]
    assert circle(imports) == []


def test_no_script_imports_itself_by_way_of_others() -> None:
    imports = console_imports()
    assert "pages/tail.js" in imports["pages/events.js"]
    assert circle(imports) == []


@pytest.mark.parametrize("imports", [{"a": {"b"}, "b": {"a"}}, {"a": {"b"}, "b": {"c"}, "c": {"a"}}])
def test_a_circle_would_be_found(imports: dict[str, set[str]]) -> None:
    assert circle(imports)
