"""How a key is written: `evl_<id>_<secret>_<checksum>`.

The id is public, and in logs. The secret has 256 random bits, so sha256 of it is enough to keep. The checksum
tells a typing error, and a scanner of repositories what it has found, without asking anybody.
"""

import hashlib
import re
import secrets
import string
import zlib
from typing import NamedTuple

DIGITS = string.digits + string.ascii_letters
ID_DIGITS = string.digits + string.ascii_lowercase
ID_LENGTH = 10
# 62^43 is just over 2^256, and 62^6 over 2^32.
SECRET_LENGTH = 43
CHECKSUM_LENGTH = 6
_KEY = re.compile(
    rf"evl_([0-9a-z]{{{ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}})_([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)
KEY_LENGTH = len("evl_") + ID_LENGTH + 1 + SECRET_LENGTH + 1 + CHECKSUM_LENGTH


class Presented(NamedTuple):
    """What of a key is looked at: its id, and the digest of its secret."""

    id: str
    digest: bytes


def make_id() -> str:
    """Return an id that nobody has yet, as good as certainly."""
    return "".join(secrets.choice(ID_DIGITS) for _ in range(ID_LENGTH))


def make_key(key_id: str) -> tuple[str, bytes]:
    """Return a new key of an id, to be shown once, and the digest to keep of it."""
    secret = _written(secrets.randbits(256), SECRET_LENGTH)
    body = f"evl_{key_id}_{secret}"
    return f"{body}_{_checksum(body)}", _digest(secret)


def read_key(text: str) -> Presented | None:
    """Return what of a key is looked at; None where it is no key, or was not copied whole."""
    found = _KEY.fullmatch(text)
    if found is None or _checksum(text[: -CHECKSUM_LENGTH - 1]) != found[3]:
        return None
    return Presented(found[1], _digest(found[2]))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _checksum(body: str) -> str:
    return _written(zlib.crc32(body.encode()), CHECKSUM_LENGTH)


def _written(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))
