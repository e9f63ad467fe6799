"""How the answers of two kinds of requests are sent otherwise than uvicorn sends them.

HTTP/1.0 knows no chunks: where a length is not known, the end of the connection is the end of the answer. An
answer that breaks off must not look whole then, so the connection is reset.

Who sent `Expect: 100-continue` and is answered at once may send the body all the same, or the next request,
and nothing tells which; so the connection ends with the answer.
"""

import socket
import struct
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from api.http.middleware import Message, Send

_RESET = struct.pack("ii", 1, 0)


def is_peculiar(cycle: RequestResponseCycle) -> bool:
    """Say whether a request is of HTTP/1.0, or waits to be told to go on."""
    return cycle.waiting_for_100_continue or cycle.scope["http_version"] == "1.0"


def peculiar_send(cycle: RequestResponseCycle) -> Send:
    """Return how a peculiar request is answered."""
    send: Any = cycle.send
    old = cycle.scope["http_version"] == "1.0"
    if old:  # it would not know what that is
        cycle.waiting_for_100_continue = False
    until_close = False

    async def send_peculiarly(message: Message) -> None:
        nonlocal until_close
        if message["type"] == "http.response.start":
            cycle.keep_alive = cycle.keep_alive and not (cycle.waiting_for_100_continue and cycle.more_body)
            until_close = old and all(name.lower() != b"content-length" for name, _ in message["headers"])
            if until_close:
                cycle.chunked_encoding = False
        elif until_close:
            # What uvicorn would have this answer come to: so far, and at the end, exactly.
            cycle.expected_content_length = len(message.get("body", b"")) + message.get("more_body", False)
        await send(message)

    return send_peculiarly


def breaks_off(cycle: RequestResponseCycle) -> bool:
    """Say whether an answer that ends now would look whole, and is not."""
    begun = cycle.response_started and not cycle.response_complete
    return begun and cycle.chunked_encoding is False and cycle.scope["http_version"] == "1.0"


def reset_at_close(peer: socket.socket) -> None:
    """Have the connection's end be a reset."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
