"""One name, one meaning: what a reader learns of a class holds wherever the name stands."""

import ast
import re
from collections import defaultdict

from tests.support.root import ROOT

SOURCES = ("eventlog", "projections", "api", "publisher")


def public_classes() -> dict[str, list[str]]:
    """Return each public class's name, and the modules that define one of it."""
    found: dict[str, list[str]] = defaultdict(list)
    for package in SOURCES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(str(path.relative_to(ROOT)))
    return found


def test_no_two_modules_give_one_name_to_different_classes() -> None:
    # Two of one name in one file are two as well; a name that another module imports is not.
    assert {name: places for name, places in public_classes().items() if len(places) > 1} == {}


# Words that others had for what has a name now, and the one that it has.
GIVEN_UP = {
    "crew": "supervisor or pool",
    "crowd": "connection limit",
    "surveyor": "cached findings",
    "the door": "intake",
    "the gate": "middleware",
    "whence": "origin",
}


def glossary() -> list[str]:
    """Return the words that CONTRIBUTING.md explains."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text[text.index("## Words") : text.index("## SQL")]
    return re.findall(r"^\| ([a-z ]+) \| (?!means)", section, flags=re.MULTILINE)


def sources() -> dict[str, str]:
    """Return the text of each source file, but for migrations and shipped SQL: both are frozen."""
    files = (path for package in SOURCES for path in (ROOT / package).rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}


def test_the_glossary_explains_words_that_are_used() -> None:
    words = glossary()
    assert len(words) == len(set(words)) > 40
    everything = " ".join(sources().values()).lower()
    assert [word for word in words if word not in everything.replace("_", " ")] == []


def test_no_word_is_used_that_was_given_up_for_another() -> None:
    found = {
        (name, word): f"say {better}"
        for name, text in sources().items()
        for word, better in GIVEN_UP.items()
        if re.search(rf"\b{word}\b", text, flags=re.IGNORECASE)
    }
    assert found == {}
