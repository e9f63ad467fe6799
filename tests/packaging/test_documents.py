"""The README names every command, every route and every setting."""

import re
from functools import cache

import pytest

from eventlog.settings import Settings
from tests.packaging.checkout import ROOT


@cache
def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_setting() -> None:
    settings = {f"EVENTLOG_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in settings if f"`{name}`" not in readme()} == set()


def test_every_variable_that_a_document_names_is_a_setting() -> None:
    settings = {f"EVENTLOG_{name.upper()}" for name in Settings.model_fields}
    documents = readme() + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"EVENTLOG_[A-Z_]*[A-Z]", documents)) - settings == set()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`|^(?: {4}|\$ )?(make .*)$", text, re.MULTILINE)
    named = {name for pair in code for name in re.findall(r"^make (\w+)", "".join(pair))}
    assert named - targets == set()
