"""Headers that every answer carries: what a browser may not do with it.

An answer that is a page says itself what may run in it; everything else is data, in which nothing may.
"""

POLICY = b"content-security-policy"
DATA_POLICY = (POLICY, b"default-src 'none'; frame-ancestors 'none'")
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# The same as lines, for answers that are written as bytes.
SECURITY_LINES = b"".join(name + b": " + value + b"\r\n" for name, value in (*SECURITY, DATA_POLICY))


def secured(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Add them to an answer's own."""
    has_policy = any(name == POLICY for name, _ in headers)
    return [*headers, *SECURITY] if has_policy else [*headers, *SECURITY, DATA_POLICY]
