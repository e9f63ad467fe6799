"""constraints.txt pins every dependency, so that two machines install the same, from any index."""

import re

from tests.packaging.checkout import pyproject
from tests.support.root import ROOT


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_every_dependency_is_pinned() -> None:
    project = pyproject()["project"]
    wanted = [
        *project["dependencies"],
        *project["optional-dependencies"]["dev"],
        *pyproject()["build-system"]["requires"],
    ]
    names = {normalized(re.split(r"[^\w.-]", requirement)[0]) for requirement in wanted}
    pinned = {normalized(pin.split("==")[0]) for pin in pins()}
    assert names - pinned == set(), "run `make constraints`"


def test_a_pin_is_a_name_and_an_exact_version_and_no_address() -> None:
    assert [pin for pin in pins() if not re.fullmatch(r"[\w.-]+==[\w.!+-]+", pin)] == []


def test_nothing_is_pinned_twice() -> None:
    names = [normalized(pin.split("==")[0]) for pin in pins()]
    assert len(names) == len(set(names))
