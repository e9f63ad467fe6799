"""Bodies that are packed (gzip, deflate, zstd): unpacked within a bound, however well they were packed."""

import zlib
from collections.abc import Mapping

from backports.zstd import ZstdDecompressor, ZstdError

from api.errors import Problem

# What zlib is told to expect: a header of gzip, or one of zlib.
_WINDOW = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}

# What follows a part is copied for the next one.
PARTS_MAX = 100


def is_packed(headers: Mapping[bytes, bytes]) -> bool:
    """Say whether a body says that it is packed, in whatever way."""
    return _encoding(headers) not in (b"identity", b"")


def _encoding(headers: Mapping[bytes, bytes]) -> bytes:
    return headers.get(b"content-encoding", b"identity").strip().lower()


def unpacked(headers: Mapping[bytes, bytes], body: bytes, bytes_max: int) -> bytes:
    """Return a packed body as it was before.

    Raises the Problem of an encoding that is not known, of what is none, and of what would have more than
    bytes_max bytes.
    """
    encoding = _encoding(headers)
    if encoding != b"zstd" and encoding not in _WINDOW:
        raise Problem(
            "unsupported_content_encoding",
            "send the body packed by gzip, deflate or zstd, or as it is",
            headers={"Accept-Encoding": "gzip, deflate, zstd, identity"},
        )
    try:
        return _unpacked(encoding, body, bytes_max)
    except (zlib.error, ZstdError):
        raise Problem("invalid_compression", "the body is not packed as Content-Encoding says") from None


def _unpacked(encoding: bytes, body: bytes, bytes_max: int) -> bytes:
    """Unpack one part after the other: a file of gzip, or of zstd, may be several behind each other."""
    found = bytearray()
    for _ in range(PARTS_MAX):
        unpacking = ZstdDecompressor() if encoding == b"zstd" else zlib.decompressobj(_window(encoding, body))
        found += unpacking.decompress(body, bytes_max + 1 - len(found))
        if len(found) > bytes_max:
            raise Problem("body_too_large", f"unpacked, a body has at most {bytes_max} bytes")
        if not unpacking.eof:
            raise Problem("invalid_compression", "the packed body ends too early")
        if not (body := unpacking.unused_data):
            return bytes(found)
    raise Problem("invalid_compression", f"a packed body has at most {PARTS_MAX} parts behind each other")


def _window(encoding: bytes, rest: bytes) -> int:
    # Some clients leave out the two bytes that deflate begins with (RFC 9110, 8.4.1.2).
    bare = encoding == b"deflate" and (len(rest) < 2 or rest[0] & 0x0F != 8 or (rest[0] << 8 | rest[1]) % 31)
    return -15 if bare else _WINDOW[encoding]
