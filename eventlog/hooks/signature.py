"""Whether a webhook was signed by who knows the secret: over the bytes as they came, in constant time."""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

from eventlog.errors import EventlogError
from eventlog.hooks.presets import HookPreset, Scheme

STANDARD_PREFIX = "whsec_"
# So many signatures of one request are looked at.
SIGNATURES_MAX = 16


class SignatureRefused(EventlogError):
    """It was not signed by who knows the secret, or too long ago; the text says what is wrong."""


def key_of(scheme: Scheme, secret: str) -> bytes:
    """Return the key that a secret stands for; raises ValueError."""
    if scheme != "standard":
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"a secret of Standard Webhooks is {STANDARD_PREFIX} and base 64") from None


def require_signature(
    rules: HookPreset,
    keys: Iterable[bytes],
    headers: Mapping[bytes, bytes],
    body: bytes,
    *,
    now: float,
    tolerance_seconds: int,
) -> None:
    """Raise SignatureRefused unless one of the keys signed a request.

    Args:
        rules: how it is signed.
        keys: what the secrets stand for.
        headers: by lower-case name.
        body: as it came.
        now: in seconds of the epoch.
        tolerance_seconds: how far a signed time may lie from now.
    """
    given, signed, moment = _signed(rules, headers, body)
    if not given:
        raise SignatureRefused("the signature is missing, or is none")
    if not any(_is_right(rules, key, signed, given) for key in keys):
        raise SignatureRefused("the signature is of another secret, or of another body")
    if moment is not None and abs(now - moment) > tolerance_seconds:
        raise SignatureRefused(f"it was signed more than {tolerance_seconds} s away from the clock here")


def _is_right(rules: HookPreset, key: bytes, signed: bytes, given: list[bytes]) -> bool:
    wanted = key if rules.scheme == "token" else hmac.digest(key, signed, rules.algorithm)
    return any(hmac.compare_digest(wanted, each) for each in given)


def _signed(
    rules: HookPreset, headers: Mapping[bytes, bytes], body: bytes
) -> tuple[list[bytes], bytes, float | None]:
    """Return the signatures of a request, what they sign, and when it was signed."""
    if rules.scheme == "stripe":
        pairs = [part.partition(b"=") for part in headers.get(b"stripe-signature", b"").split(b",")]
        times = [value for name, _, value in pairs if name.strip() == b"t"]
        given = [_decoded(value, "hex") for name, _, value in pairs if name.strip() == b"v1"]
        return _timed(given, times[0] if times else b"", (b"", b".%b" % body))
    if rules.scheme == "slack":
        value = headers.get(b"x-slack-signature", b"")
        given = [_decoded(value.removeprefix(b"v0="), "hex")] if value.startswith(b"v0=") else []
        return _timed(given, headers.get(b"x-slack-request-timestamp", b""), (b"v0:", b":%b" % body))
    if rules.scheme == "standard":
        listed = headers.get(b"webhook-signature", b"").split(b" ")
        given = [_decoded(each[3:], "base64") for each in listed if each.startswith(b"v1,")]
        identity = headers.get(b"webhook-id", b"")
        return _timed(
            given if identity else [],
            headers.get(b"webhook-timestamp", b""),
            (b"%b." % identity, b".%b" % body),
        )
    value = headers.get(rules.header.encode(), b"").strip()
    prefix = rules.prefix.encode()
    if not value.startswith(prefix):
        return [], body, None
    value = value.removeprefix(prefix)
    found = value if rules.scheme == "token" else _decoded(value, rules.encoding)
    return [found] if found else [], body, None


def _timed(
    given: list[bytes], time: bytes, around: tuple[bytes, bytes]
) -> tuple[list[bytes], bytes, float | None]:
    if not time.isdigit() or len(time) > 12:
        return [], b"", None
    before, after = around
    return [each for each in given if each][:SIGNATURES_MAX], before + time + after, float(time)


def _decoded(text: bytes, encoding: str) -> bytes:
    """Return the bytes of a signature; none where it is no text of that encoding."""
    try:
        return (
            bytes.fromhex(text.decode("ascii"))
            if encoding == "hex"
            else base64.b64decode(text, validate=True)
        )
    except ValueError:
        return b""
