"""How commands of ours are let in: the key that they show, whom they trust, and what a failure means."""

import ssl
from pathlib import Path

import msgspec

from eventlog.errors import SettingsError
from eventlog.keys.presented import authorization
from eventlog.settings import Settings

# OpenSSL's X509_V_ERR_*.
EXPIRED = 10
OTHER_NAME = frozenset({62, 64})


class Access(msgspec.Struct, frozen=True):
    """What is shown to an API, and the authorities of which its certificate may be."""

    key: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries."""
        return authorization(self.key)

    def context(self, url: str) -> ssl.SSLContext | bool:
        """Return what aiohttp takes for `ssl`. Raises SettingsError for a file that is of no use."""
        return self.trust() if url.lower().startswith("https:") else True

    def trust(self) -> ssl.SSLContext:
        """Return a context that knows whom to trust, and always asks. Raises SettingsError."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise _useless("EVENTLOG_CA", self.ca, error) from None
        if self.certificate is not None:
            try:
                context.load_cert_chain(self.certificate, self.certificate_key, password=_no_passphrase)
            except (OSError, ValueError) as error:
                raise _useless("EVENTLOG_CLIENT_CERT", self.certificate, error) from None
        return context


NOTHING = Access()


def access_of(settings: Settings) -> Access:
    """Return what the settings say."""
    return Access(settings.key, settings.ca, settings.client_cert, settings.client_key)


def explained(error: BaseException) -> str:
    """Say what a failure of TLS means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message}): {_mend(error.verify_code)}"
    if isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return "it speaks no TLS there: write http:// in EVENTLOG_URL, or name the port that does"
    return f"TLS failed: {error}"


def _mend(code: int) -> str:
    if code == EXPIRED:
        return "it has to be renewed there"
    if code in OTHER_NAME:
        return "EVENTLOG_URL must name the service as its certificate does"
    return "if it is of an authority of your own, EVENTLOG_CA names the file with that one's certificate"


def _useless(variable: str, file: Path | None, error: OSError | ValueError) -> SettingsError:
    reason = error.strerror if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else error
    return SettingsError(f"{variable}: cannot use {file}: {reason}; it must be PEM, and readable")


def _no_passphrase() -> str:
    raise ValueError("its key is locked by a passphrase")
