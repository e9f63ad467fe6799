"""Every seeded bug still fits the code that it breaks, and names a test that is there."""

from pathlib import Path

import pytest

from tests.faults.bugs.__main__ import Bug, applied, bugs, copy_tree
from tests.support.root import ROOT


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tree")
    copy_tree(path)
    return path


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.name)
def test_a_seeded_bug_applies_and_its_test_exists(bug: Bug, tree: Path) -> None:
    assert applied(bug, tree, check=True) == ""
    file, _, name = bug.test.partition("::")
    assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text(encoding="utf-8")
