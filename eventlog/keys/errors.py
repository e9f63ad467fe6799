"""What can go wrong with keys."""

from eventlog.errors import EventlogError


class KeyUnknown(EventlogError):
    """There is no key with this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"there is no key {key_id!r}: `eventlog keys list` names those there are")


class KeyRevoked(EventlogError):
    """A revoked key stays revoked."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"key {key_id} is revoked, and stays so: make another with `eventlog keys create`")


class CertificateTaken(EventlogError):
    """A client certificate is another key's, or there is no room for it."""


class TooManyKeys(EventlogError):
    """The database holds as many keys as it may."""


class TooManySecrets(EventlogError):
    """A key has as many secrets that hold as it may."""

    def __init__(self, key_id: str, most: int) -> None:
        super().__init__(
            f"key {key_id} has {most} secrets that hold already: rotate it with a shorter overlap, or wait"
        )


class BeyondMinter(EventlogError):
    """A key was to be made that may something which who makes it may not."""


class QuotaExceeded(EventlogError):
    """A key has used up one of its quotas."""

    def __init__(self, quota: str, limit: int, after_seconds: int) -> None:
        self.quota = quota
        self.after_seconds = after_seconds
        super().__init__(f"this key's quota is used up: {limit:,} {quota.replace('_', ' ')}")
