"""The files that docs/projections.md shows, so that what people copy from it is what is tested."""

import re
from pathlib import Path

from tests.support.root import ROOT

DOCUMENT = ROOT / "docs" / "projections.md"
FILE = re.compile(r"\*\*`([\w/.]+)`\*\*\n\n```\w+\n(.*?)```", re.DOTALL)


def write_documented_files(folder: Path) -> Path:
    """Write every file that the document shows, below a folder."""
    for name, text in FILE.findall(DOCUMENT.read_text(encoding="utf-8")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
