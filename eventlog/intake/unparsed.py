"""What came and can be no event: kept under the topic `$unparsed`, with the reason.

Most senders drop what is refused. Its bytes are there as text, or in base 64.
"""

import hashlib
from base64 import b64encode
from datetime import datetime

import msgspec

from eventlog.intake.foreign import ForeignEvent

TOPIC = "$unparsed"
_encode = msgspec.json.Encoder().encode


def unparsed(
    route: str, content: bytes, code: str, detail: str, received_at: datetime, index: int = 0
) -> ForeignEvent:
    """Return the event that keeps it.

    Args:
        route: where it came, such as /hooks/shop.
        content: what came.
        code: why it is no event, for programs.
        detail: the same for people.
        received_at: when it came.
        index: its place among others that came with it.
    """
    identity = hashlib.sha256(b"%b\0%d\0%b" % (route.encode(), index, content)).hexdigest()
    payload = {"reason": code, "detail": detail, **_as_text(content)}
    return ForeignEvent(TOPIC, identity, received_at.isoformat(), route, _encode(payload), b'"unparsed":true')


def _as_text(content: bytes) -> dict[str, str]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(content).decode()}
    return {"base64": b64encode(content).decode()} if "\0" in text else {"text": text}
