"""Real logs and webhooks to try things on, where somebody has them: REAL_INPUT=/their/folder pytest …"""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("REAL_INPUT", "no-real-input"))
LOGS = FOLDER / "loghub"
WEBHOOKS = FOLDER / "github-webhooks" / "deliveries.ndjson"

needs_real_input = pytest.mark.skipif(not FOLDER.exists(), reason="REAL_INPUT names no folder of real files")
