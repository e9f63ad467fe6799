"""How programs of ours show their key."""


def authorization(key: str | None) -> dict[str, str]:
    """Return the headers that present a key, none where there is none."""
    return {} if key is None else {"Authorization": f"Bearer {key}"}
