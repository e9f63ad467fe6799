"""Bodies that are packed (gzip, deflate, zstd): unpacked within a bound, however well they were packed."""

import zlib
from collections.abc import Mapping

from backports.zstd import ZstdDecompressor, ZstdError

from api.errors import Problem

# What zlib is told to expect: a header of gzip, or one of zlib.
_WINDOW = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


def unpacked(headers: Mapping[bytes, bytes], body: bytes, bytes_max: int) -> bytes:
    """Return a body as it was before it was packed.

    Raises the Problem of an encoding that is not known, of what is none, and of what would have more than
    bytes_max bytes.
    """
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding in (b"identity", b""):
        return body
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
