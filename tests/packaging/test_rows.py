"""No row of the database is read by number: what a column means is said where it is read."""

import ast
from collections.abc import Iterator

from tests.support.root import ROOT

PACKAGES = ("eventlog", "projections", "api", "publisher")


def numbered(tree: ast.AST) -> Iterator[ast.Subscript]:
    """Yield `row[0]` and `….fetchone()[0]`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Subscript) or not _is_number(node.slice):
            continue
        of = node.value.value if isinstance(node.value, ast.Await) else node.value
        fetched = (
            isinstance(of, ast.Call) and isinstance(of.func, ast.Attribute) and of.func.attr == "fetchone"
        )
        if fetched or (isinstance(of, ast.Name) and of.id == "row"):
            yield node


def _is_number(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant | ast.UnaryOp | ast.Slice)


def test_no_row_is_read_by_number() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in numbered(ast.parse(path.read_text(encoding="utf-8")))
        if not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str))
    ]
    assert found == []


def test_such_a_reading_would_be_found() -> None:
    text = "row[0]\nrow[1:]\n(await cursor.fetchone())[0]\ncursor.fetchone()[-1]\nrow['name']"
    assert len(list(numbered(ast.parse(text)))) == 5
