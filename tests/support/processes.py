"""Whether a process of somebody else's runs."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """Say whether a process has files open: one that is ending shows for a moment after it closed them."""
    try:
        return any(Path(f"/proc/{pid}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # root's, once its memory is given back
        return False
