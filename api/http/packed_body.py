"""Bodies that are packed (gzip, deflate, zstd): unpacked within a bound, however well they were packed."""

import zlib
from collections.abc import Mapping

from backports.zstd import ZstdDecompressor, ZstdError

from api.errors import Problem

# What zlib is told to expect: a header of gzip, or one of zlib.
_WINDOW = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


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
    unpacking = ZstdDecompressor() if encoding == b"zstd" else zlib.decompressobj(_WINDOW[encoding])
    try:
        found = unpacking.decompress(body, bytes_max + 1)
    except (zlib.error, ZstdError):
        raise Problem("invalid_compression", "the body is not packed as Content-Encoding says") from None
    if len(found) > bytes_max:
        raise Problem("body_too_large", f"unpacked, a body has at most {bytes_max} bytes")
    if not unpacking.eof:
        raise Problem("invalid_compression", "the packed body ends too early")
    return found
