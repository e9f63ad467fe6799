"""The reference names every command, every route and every setting, and documents name only what exists."""

import asyncio
import re
from collections.abc import Iterator
from functools import cache

import httpx2
import pytest
import typer.core
from typer.main import get_command

from api.app import create_app
from eventlog.cli import build
from eventlog.failpoints import VARIABLE as FAILPOINTS
from eventlog.settings import Settings, load_settings
from tests.support.root import ROOT

DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


@cache
def reference() -> str:
    return (ROOT / "docs/reference.md").read_text(encoding="utf-8")


def commands(group: typer.core.TyperGroup, name: str) -> Iterator[str]:
    """Yield every command in full, such as `eventlog db start`."""
    for word, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from commands(command, f"{name} {word}")
        else:
            yield f"{name} {word}"


def routes() -> set[str]:
    """Return every route of the OpenAPI document, such as `GET /events`."""

    async def document() -> httpx2.Response:
        transport = httpx2.ASGITransport(app=create_app(load_settings(), ""))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/openapi.json")

    paths = asyncio.run(document()).json()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def without_parameter_names(text: str) -> str:
    return re.sub(r"\{[^/`\s]*\}", "{}", text)


def test_the_reference_names_every_command() -> None:
    group = get_command(build())
    assert isinstance(group, typer.core.TyperGroup)
    # `eventlog db start|stop` names two.
    spelled = re.sub(
        r"(eventlog(?: \w+)*) (\w+(?:\\?\|\w+)+)",
        lambda found: " ".join(f"{found[1]} {word}" for word in re.split(r"\\?\|", found[2])),
        reference(),
    )
    assert {name for name in commands(group, "eventlog") if not re.search(rf"{name}\b", spelled)} == set()


def test_the_reference_names_every_route() -> None:
    text = without_parameter_names(reference())
    named = {
        route
        for route in routes()
        if re.search(re.escape(without_parameter_names(route)) + r"(?![\w/{])", text)
    }
    assert routes() - named == set()


def test_the_reference_names_every_setting() -> None:
    settings = {f"EVENTLOG_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in settings if f"`{name}`" not in reference()} == set()


def test_every_variable_that_a_document_names_is_a_setting() -> None:
    settings = {f"EVENTLOG_{name.upper()}" for name in Settings.model_fields} | {FAILPOINTS}
    documents = "".join((ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS)
    assert set(re.findall(r"EVENTLOG_[A-Z_]*[A-Z]", documents)) - settings == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_links_to_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (ROOT / document).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = re.findall(r"`([^`\n]+)`|^(?: {4}|\$ )(make .*)$", text, re.MULTILINE)
    named = {name for pair in code for name in re.findall(r"^make (\w+)", "".join(pair))}
    assert named - targets == set()
