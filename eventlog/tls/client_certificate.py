"""The certificate that a client has shown, and which one a key is bound to."""

import hashlib
import ssl
import time
from pathlib import Path

import msgspec

from eventlog.errors import SettingsError


class ShownCertificate(msgspec.Struct, frozen=True):
    """What a client proved to have, signed by an authority of ours. `ends_at` is in monotonic seconds."""

    fingerprint: bytes
    ends_at: float


def shown(tls: ssl.SSLObject) -> ShownCertificate | None:
    """Return what was shown in a handshake that is done, if anything was."""
    der, told = tls.getpeercert(binary_form=True), tls.getpeercert()
    if not der or not told:
        return None
    left = ssl.cert_time_to_seconds(str(told["notAfter"])) - time.time()
    return ShownCertificate(hashlib.sha256(der).digest(), time.monotonic() + left)


def fingerprint_of(file: Path) -> bytes:
    """Return the fingerprint of the first certificate in a file of PEM. Raises SettingsError."""
    try:
        text = file.read_text(encoding="ascii", errors="replace")
        begin = text.index(ssl.PEM_HEADER)
        end = text.index(ssl.PEM_FOOTER, begin) + len(ssl.PEM_FOOTER)
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[begin:end])).digest()
    except OSError as error:
        raise SettingsError(f"--certificate: cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise SettingsError(
            f"--certificate: {file} holds no certificate in PEM, which has a line {ssl.PEM_HEADER}"
        ) from None
