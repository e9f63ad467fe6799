"""The service's certificate and key, from files: read, tried, and kept as good as they were last.

Nobody is told when somebody renews them. So the files are looked at again when a connection comes, every few
seconds at the most, and taken when they have rested: certificate and key are seldom written at once. What was
good goes on being used where what replaces it is not, which is said. Connections that are open stay.
"""

import binascii
import re
import ssl
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, get_args

import msgspec
import structlog

from eventlog.errors import SettingsError
from eventlog.settings import Settings
from eventlog.tls.validity import end_of

log = structlog.get_logger()

LOOK_SECONDS = 2.0
# Programs renew certificates a month ahead, or at the last third of their life.
WARN_BEFORE_SECONDS = 14 * 86_400

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\r?\n(?:Proc-Type: 4,ENCRYPTED)?")

Handshake = Literal["done", "failed", "left", "plain_http"]
HANDSHAKES: tuple[Handshake, ...] = get_args(Handshake)
# What a file was when it was looked at: another of these, and it is read again.
_Signature = tuple[object, ...]


class CertificateFiles(msgspec.Struct, frozen=True):
    """The files of a certificate and its key."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def signature(self) -> tuple[_Signature, ...]:
        """Return what tells that a file has changed, be it that there is none."""
        return tuple(_signature(file) for file in (self.certificate, self.key, self.client_ca) if file)


class Loaded(msgspec.Struct, frozen=True):
    """A certificate that serves."""

    context: ssl.SSLContext
    ends_at: datetime

    @property
    def seconds_left(self) -> float:
        """How long it holds; less than nothing when it is over."""
        return (self.ends_at - datetime.now(UTC)).total_seconds()


def files_of(settings: Settings) -> CertificateFiles | None:
    """Return which files the settings name; None where the service speaks no TLS. Raises SettingsError."""
    certificate, key, client_ca = settings.tls_cert, settings.tls_key, settings.tls_client_ca
    if certificate is None or key is None:
        if certificate or key:
            raise SettingsError("EVENTLOG_TLS_CERT and EVENTLOG_TLS_KEY belong together: set both")
        if client_ca:
            raise SettingsError("EVENTLOG_TLS_CLIENT_CA means nothing without EVENTLOG_TLS_CERT: set it, too")
        return None
    return CertificateFiles(certificate, key, client_ca)


def load(files: CertificateFiles) -> Loaded:
    """Read the files. Raises SettingsError, which says what is to be done."""
    ends_at = _checked(files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    _take(context, files)
    if files.client_ca is not None:
        _read("EVENTLOG_TLS_CLIENT_CA", files.client_ca)
        try:
            context.load_verify_locations(files.client_ca)
        except (OSError, ValueError):
            raise _holds_no("EVENTLOG_TLS_CLIENT_CA", files.client_ca, "CERTIFICATE") from None
        context.verify_mode = ssl.CERT_OPTIONAL
    return Loaded(context, ends_at)


def require_good(settings: Settings) -> None:
    """Raise SettingsError where the settings name a certificate that does not serve."""
    files = files_of(settings)
    if files is not None:
        load(files)


def _checked(files: CertificateFiles) -> datetime:
    """Hold that both are what they should be; return until when the certificate holds."""
    certificate = _read("EVENTLOG_TLS_CERT", files.certificate)
    found = _CERTIFICATE.search(certificate)
    try:
        ends_at = end_of(binascii.a2b_base64(found[1] if found else b""))
    except (ValueError, IndexError):
        raise _holds_no("EVENTLOG_TLS_CERT", files.certificate, "CERTIFICATE") from None
    kind = _PRIVATE_KEY.search(_read("EVENTLOG_TLS_KEY", files.key))
    if kind is None:
        raise _holds_no("EVENTLOG_TLS_KEY", files.key, "PRIVATE KEY")
    if b"ENCRYPTED" in kind[0]:
        raise SettingsError(
            f"EVENTLOG_TLS_KEY: {files.key} is locked by a passphrase, and nobody is there to type it: "
            f"openssl pkey -in {files.key} -out a file that only the service's user may read"
        )
    return ends_at


def _take(context: ssl.SSLContext, files: CertificateFiles) -> None:
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_passphrase)
    except ssl.SSLError as error:
        if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
            raise SettingsError(
                f"EVENTLOG_TLS_KEY: the key in {files.key} does not belong to the first certificate in "
                f"{files.certificate}: set the two that were made together; the service's own certificate "
                "comes first in its file, then those that signed it"
            ) from None
        raise _not_taken(files, error) from None
    except (OSError, ValueError) as error:
        raise _not_taken(files, error) from None


def _not_taken(files: CertificateFiles, error: Exception) -> SettingsError:
    return SettingsError(
        f"EVENTLOG_TLS_CERT: OpenSSL does not take {files.certificate} with {files.key}: {error}; "
        f"`openssl x509 -noout -in {files.certificate}` and `openssl pkey -noout -in {files.key}` say which"
    )


def _read(variable: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        mend = (
            "name a file that is there" if isinstance(error, FileNotFoundError) else "let this user read it"
        )
        raise SettingsError(f"{variable}: cannot read {file}: {error.strerror}; {mend}") from None


def _holds_no(variable: str, file: Path, kind: str) -> SettingsError:
    return SettingsError(
        f"{variable}: {file} holds no {kind.lower()} in PEM, which has a line -----BEGIN {kind}-----"
    )


def _no_passphrase() -> str:
    # Else OpenSSL would ask on the terminal.
    raise ValueError("it is locked by a passphrase")


def _signature(file: Path) -> _Signature:
    try:
        found = file.stat()
    except OSError as error:
        return (error.errno,)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class ServerCertificate:
    """The certificate of one process, as it is now. `handshakes` counts what became of each connection's."""

    def __init__(self, files: CertificateFiles) -> None:
        """Read it. Raises SettingsError."""
        self._files = files
        self._seen = self._taken = files.signature()
        self._look_at = time.monotonic() + LOOK_SECONDS
        self._loaded = load(files)
        self.fault: str | None = None
        self.renewals = 0
        self.handshakes: Counter[Handshake] = Counter()
        self._tell_of_end()

    @classmethod
    def of(cls, settings: Settings) -> "ServerCertificate | None":
        """Return the certificate that the settings name, if they do. Raises SettingsError."""
        files = files_of(settings)
        return None if files is None else cls(files)

    @property
    def current(self) -> Loaded:
        """The newest that was good."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        return self._loaded

    def _look(self) -> None:
        before, self._seen = self._seen, self._files.signature()
        if self._seen == self._taken or self._seen != before:
            return
        self._taken = self._seen
        try:
            self._loaded = load(self._files)
        except SettingsError as error:
            self.fault = str(error)
            log.error("certificate_not_renewed", reason=self.fault, goes_on_until=self._ends())
            return
        self.fault = None
        self.renewals += 1
        log.info("certificate_renewed", ends_at=self._ends())
        self._tell_of_end()

    def _tell_of_end(self) -> None:
        found = told_of_end(self._loaded)
        if found is not None:
            log.warning("certificate_ends", found=found, ends_at=self._ends(), mend=RENEW)

    def _ends(self) -> str:
        return self._loaded.ends_at.isoformat()


RENEW = "renew it, into the same files: it is taken without a restart"


def told_of_end(loaded: Loaded) -> str | None:
    """Say that a certificate is over or soon will be; None where there is time."""
    left = loaded.seconds_left
    if left <= 0:
        return "it is expired, and clients refuse it"
    return None if left > WARN_BEFORE_SECONDS else f"it expires in {timedelta(seconds=int(left))}"
