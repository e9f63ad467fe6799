"""The files of the console: a fixed list, kept by browsers, under a strict policy, as they were vendored."""

import gzip
import hashlib
import json
import re

import httpx2
import pytest

from api.console.assets import FOLDER, names
from tests.api.console.running import Service

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VENDOR = FOLDER / "vendor"


def test_a_browser_gets_the_page_and_a_program_the_index(service: Service) -> None:
    with httpx2.Client(base_url=service.url) as client:
        page = client.get("/", headers=HTML)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "Accept" in page.headers["vary"]
        index = client.get("/", headers={"Accept": "*/*"})
        assert index.json()["name"] == "eventlog"
        assert index.headers["vary"] == "Accept"
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        named = set(re.findall(r'(?:src|href)="console/([^"]+)"', page.text))
        assert named
        assert named <= names()
        for name in named:
            assert client.get(f"/console/{name}").status_code == 200


def test_files_are_kept_by_the_browser_until_they_change(service: Service) -> None:
    with httpx2.Client(base_url=service.url) as client:
        plain = client.get("/console/main.js", headers={"Accept-Encoding": "identity"})
        assert plain.content == (FOLDER / "main.js").read_bytes()
        assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
        request = client.build_request("GET", "/console/main.js", headers={"Accept-Encoding": "gzip"})
        zipped = client.send(request, stream=True)
        body = b"".join(zipped.iter_raw())
        assert zipped.headers["content-encoding"] == "gzip"
        assert gzip.decompress(body) == plain.content
        assert zipped.headers["etag"] != plain.headers["etag"]
        again = client.get(
            "/console/main.js",
            headers={"If-None-Match": plain.headers["etag"], "Accept-Encoding": "identity"},
        )
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize(
    "path",
    ["", "assets.py", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "vendor", "vendor/build.sh", "nothing.js",
     "vendor/entries/preact.js", "/etc/passwd"],
)  # fmt: skip
def test_nothing_else_is_served(service: Service, path: str) -> None:
    assert httpx2.get(f"{service.url}/console/{path}").status_code == 404


def test_what_is_vendored_is_what_was_recorded() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    recorded = {name: digest for digest, name in (line.split("  ./") for line in lines)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix in (".js", ".css")
    }
    assert found == recorded


def test_every_vendored_package_has_its_version_and_licence_beside_it() -> None:
    wanted = json.loads((VENDOR / "package.json").read_text())["dependencies"]
    told = (VENDOR / "VENDORED.md").read_text()
    for name, version in wanted.items():
        assert re.search(rf"\| {name}(?: \(.*\))? \| {re.escape(version)} \|", told), name
        licence = VENDOR / "licences" / f"{name.removeprefix('@').replace('/', '-')}.txt"
        assert "Copyright" in licence.read_text() or "Apache License" in licence.read_text()


def test_no_file_of_ours_makes_markup_or_asks_elsewhere() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|dangerously"
    )
    elsewhere = re.compile(r"https?://(?!www\.w3\.org/2000/svg)")
    for name in sorted(names()):
        if not name.startswith("vendor/"):
            text = (FOLDER / name).read_text()
            assert not forbidden.search(text), name
            assert not elsewhere.search(text), name
