"""What the web console keeps in place of a key: who signed in, until when, and a proof of it.

The proof is made with the digest of the key's secret, which the directory has: so a token needs no secret of
its own and no table, and ends with its key, its secret's rotation, or its time.
"""

import hashlib
import hmac
import re
from typing import NamedTuple

_TOKEN = re.compile(r"([0-9a-z]{10})\.([0-9]{1,12})\.([0-9a-f]{64})")
TOKEN_LENGTH_MAX = 10 + 1 + 12 + 1 + 64


class SessionToken(NamedTuple):
    """A token as it was sent. `ends_at` is in seconds since 1970."""

    id: str
    ends_at: int
    proof: str

    def is_proven_by(self, digest: bytes) -> bool:
        """Say whether it was made for the secret of this digest."""
        return hmac.compare_digest(self.proof, _proof(self.id, self.ends_at, digest))

    def __str__(self) -> str:
        return f"{self.id}.{self.ends_at}.{self.proof}"


def make_token(key_id: str, ends_at: int, digest: bytes) -> SessionToken:
    """Return the token of who showed a key."""
    return SessionToken(key_id, ends_at, _proof(key_id, ends_at, digest))


def read_token(text: str) -> SessionToken | None:
    """Read a token; None where it is none."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else SessionToken(found[1], int(found[2]), found[3])


def _proof(key_id: str, ends_at: int, digest: bytes) -> str:
    return hmac.new(digest, f"console {key_id} {ends_at}".encode(), hashlib.sha256).hexdigest()
