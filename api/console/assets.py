"""The files of the web console: a fixed list, read once."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent
PAGE = "index.html"
DOCS = "docs.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
# Sources of the bundles are not served: only whoever builds them needs them.
UNSERVED = FOLDER / "vendor" / "entries"


class Asset(msgspec.Struct, frozen=True):
    """A file as it is sent. The tags differ, as the bytes of the two forms do."""

    media_type: str
    plain: bytes
    zipped: bytes
    tag: str

    def etag(self, zipped: bool) -> str:
        """Return the strong validator of one form."""
        return f'"{self.tag}{"-gzip" if zipped else ""}"'


@cache
def names() -> frozenset[str]:
    """Return the names of all files that are served, such as vendor/uplot.js."""
    files = (path for path in FOLDER.rglob("*") if path.suffix in TYPES and UNSERVED not in path.parents)
    return frozenset(path.relative_to(FOLDER).as_posix() for path in files)


@cache
def asset(name: str) -> Asset:
    """Return one of the files by its name in the list."""
    path = FOLDER / name
    plain = path.read_bytes()
    return Asset(
        TYPES[path.suffix], plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:32]
    )
