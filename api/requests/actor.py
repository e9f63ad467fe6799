"""Who acts by a request, as it is recorded."""

from typing import Any

from api.http.request_origin import client_of
from api.requests.topics import caller_of


def actor_of(scope: Any) -> str:
    """Return the key that a request showed, or the address that it came from."""
    id = caller_of(scope).id
    return f"address {client_of(scope)}" if id is None else f"key {id}"
