"""Every command that docs/operating.md gives to be run is run by a test."""

from pathlib import Path

from tests.operating.page import blocks


def test_each_block_of_the_page_is_run() -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert len(blocks()) >= 10
    assert [name for name in blocks() if f'"{name}"' not in tests and f"'{name}'" not in tests] == []
