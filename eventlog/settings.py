"""Settings, read once from the environment (prefix EVENTLOG_) by the entry points."""

import os
from pathlib import Path
from typing import Literal, cast

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from eventlog.addresses import hosts, peers
from eventlog.errors import SettingsError
from eventlog.keys.form import read_key

# What the command line uses as a client of the API, and no service.
OF_CLIENTS = frozenset({"url", "ca", "client_cert", "client_key", "key", "key_file"})
# What a log may hold of a DSN: a list of what may not would lack libpq's next secret.
DSN_SHOWN = frozenset({"host", "hostaddr", "port", "dbname", "user", "service", "sslmode"})
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


def default_data_dir() -> Path:
    """Return where the embedded database lives when nobody says otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/eventlog")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "eventlog"


def state_dir() -> Path:
    """Return where a person's own traces are kept, such as what they asked before."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "eventlog"


class Settings(BaseSettings):
    """All that can be set, with its default; field `x` is read from EVENTLOG_X."""

    model_config = SettingsConfigDict(env_prefix="EVENTLOG_", frozen=True, extra="forbid")

    dsn: str | None = Field(
        None, repr=False, description="a PostgreSQL ≥ 15 to use; without it an embedded one is started"
    )
    dsn_file: Path | None = Field(
        None, description="a file that holds the DSN, for secrets that stay out of the environment"
    )
    data_dir: Path = Field(
        default_factory=default_data_dir, description="where the embedded PostgreSQL keeps its data"
    )
    pg_bindir: Path | None = Field(
        None, description="the folder with the PostgreSQL binaries that the embedded server runs"
    )
    host: str = Field("127.0.0.1", description="the address that the API binds to")
    port: int = Field(8080, ge=0, le=65535, description="the API's port; 0 takes a free one")
    admin_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="a second port, which then is the only one for metrics, projections and operations; it "
        "answers all else as well. Of several API processes each has its own, from this one on",
    )
    admin_host: str = Field("127.0.0.1", description="the address that this second port is bound to")
    url: str = Field("http://127.0.0.1:8080", description="the API that the command line talks to")
    allowed_hosts: str = Field(
        "",
        description="further hosts that a request may name, separated by commas: names, `*.example` for "
        "those below a domain, addresses, networks, or `*` for any",
    )
    trusted_proxies: str = Field(
        "",
        description="whose X-Forwarded-* and Forwarded headers are believed, separated by commas: addresses, "
        "networks, and `unix` for who comes through a socket in a file",
    )
    hooks_file: Path | None = Field(
        None,
        description="a file in TOML that defines webhooks, routes /hooks/NAME; read again when it changes",
    )
    tls_cert: Path | None = Field(
        None,
        description="a file with the service's certificate and those that signed it, in PEM; with it the API "
        "speaks TLS, and takes a renewed one without a restart",
    )
    tls_key: Path | None = Field(None, description="the file with its key, without a passphrase")
    tls_client_ca: Path | None = Field(
        None,
        description="a file with the authorities whose client certificates are looked at: one that a key has "
        "(`eventlog keys create --certificate`) is as good as the key",
    )
    ca: Path | None = Field(
        None,
        description="a file with the authorities that the command line trusts with https, instead of the "
        "system's",
    )
    client_cert: Path | None = Field(
        None, description="a file with the certificate that the command line shows to the API, in PEM"
    )
    client_key: Path | None = Field(None, description="the file with its key, without a passphrase")
    key: str | None = Field(None, repr=False, description="the key that the command line shows to the API")
    key_file: Path | None = Field(
        None, description="a file that holds that key, for secrets that stay out of the environment"
    )
    partitions: int = Field(
        8, ge=1, le=1024, description="how many partitions the log has; fixed at the first migrate"
    )
    api_processes: int = Field(1, ge=1, le=32, description="API processes that share the port")
    workers: int = Field(2, ge=0, le=64, description="projector workers that `eventlog up` runs")
    worker_host: str = Field("127.0.0.1", description="the address that the workers' own port is bound to")
    worker_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="a port on which a process with workers answers /livez and /metrics; none by default",
    )
    batch_size: int = Field(
        10_000, ge=1, le=1_000_000, description="the most deliveries one worker transaction projects"
    )
    projections: str = Field(
        "",
        description="projections of one's own: folders or names of modules, separated by commas",
    )
    event_bytes_max: int = Field(1 << 20, ge=1, description="the largest event, in bytes")
    body_bytes_max: int = Field(8 << 20, ge=1, description="the largest request body, in bytes")
    batch_events_max: int = Field(10_000, ge=1, description="the most events in one request")
    queue_events_max: int = Field(
        100_000, ge=1, description="the most events that wait for the writer; more are answered 503"
    )
    queue_bytes_max: int = Field(
        32 << 20, ge=1, description="the most bytes of publishes under way; more are answered 503"
    )
    connections_max: int = Field(
        4_000,
        ge=16,
        description="the most open connections of an API process; beyond them the longest idle are closed",
    )
    streams_max: int = Field(
        1_000, ge=0, description="the most open streams of events; more are answered 503"
    )
    stream_buffer_bytes_max: int = Field(
        4 << 20, ge=1, description="the most bytes that wait for the reader of a stream before it is cut off"
    )
    receive_timeout_seconds: float = Field(
        10.0, gt=0, description="how long a request's headers, and then each part of its body, may take"
    )
    shutdown_timeout_seconds: float = Field(
        20.0, gt=0, description="how long a clean stop waits for requests under way"
    )
    allow_unsafe_settings: bool = Field(
        False,
        description="serve on a PostgreSQL that can lose commits (fsync off and the like); for tests",
    )
    auth: str = Field(
        "auto",
        pattern="^(auto|open|observe|required)$",
        description="whether requests need a key: open lets everybody in, observe too and counts who would "
        "be refused, required refuses; auto is open where the API is bound to loopback, else required",
    )
    sql: str = Field(
        "auto",
        pattern="^(auto|on|off)$",
        description="whether the API answers questions in SQL: auto where it is bound to loopback",
    )
    audit_dsn: str | None = Field(
        None,
        repr=False,
        description="a login of its own for questions in SQL, where eventlog cannot make one",
    )
    audit_dsn_file: Path | None = Field(
        None, description="a file that holds that DSN, for secrets that stay out of the environment"
    )
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error"
    )

    @field_validator("allowed_hosts", "trusted_proxies")
    @classmethod
    def _must_be_readable(cls, text: str, info: ValidationInfo) -> str:
        (hosts if info.field_name == "allowed_hosts" else peers)(text)
        return text

    @property
    def auth_mode(self) -> Literal["open", "observe", "required"]:
        """Whether requests need a key."""
        if self.auth == "auto":
            return "open" if self.is_on_loopback else "required"
        return cast(Literal["open", "observe", "required"], self.auth)

    @property
    def sql_enabled(self) -> bool:
        """Whether the API answers questions in SQL."""
        return self.sql == "on" or (self.sql == "auto" and self.is_on_loopback)

    @property
    def is_on_loopback(self) -> bool:
        """Whether nobody but this machine reaches the API."""
        hosts = {self.host} if self.admin_port is None else {self.host, self.admin_host}
        return hosts <= LOOPBACK_HOSTS

    @property
    def partitions_wanted(self) -> int | None:
        """The number of partitions that somebody asked for; None leaves it to the database."""
        return self.partitions if "partitions" in self.model_fields_set else None


def load_settings(**flags: object) -> Settings:
    """Read the environment; flags given (not None) win over it.

    Raises SettingsError with the variable's name and the refused value.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(fault) for fault in error.errors())) from None
    for name in ("dsn", "audit_dsn", "key"):
        settings = _with_secret_from_file(settings, name)
    for name in ("dsn", "audit_dsn"):
        _require_dsn(f"EVENTLOG_{name.upper()}", getattr(settings, name))
    _require_key(settings.key)
    return settings


def changed_settings(settings: Settings) -> dict[str, str]:
    """Return what differs from the defaults and matters to a service, as text that a log may hold.

    Of a DSN it says where it leads and as whom; of other secrets, only that they are set.
    """
    shown = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name in OF_CLIENTS or value == field.get_default(call_default_factory=True):
            continue
        if not field.repr:
            value = _shown_dsn(value) if name.endswith("dsn") else "set"
        shown[name] = str(value)
    return shown


def _shown_dsn(dsn: str) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    parts = conninfo_to_dict(dsn)
    return make_conninfo("", **{name: parts.get(name) for name in DSN_SHOWN})


def _require_dsn(name: str, dsn: str | None) -> None:
    """Raise SettingsError where it is no DSN; neither it nor libpq's words, which quote it, are shown."""
    if dsn is None:
        return
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(dsn)
    except ProgrammingError:
        raise SettingsError(
            f"{name} is no connection string: write postgresql://user@host:5432/database, or key=value pairs"
        ) from None


def _require_key(key: str | None) -> None:
    """Raise SettingsError where it is no key, or was not copied whole; it is not shown."""
    if key is not None and read_key(key) is None:
        raise SettingsError(
            "EVENTLOG_KEY: it is no key, or was not copied whole; one is evl_<id>_<secret>_<checksum>"
        )


def _with_secret_from_file(settings: Settings, name: str) -> Settings:
    """Read a secret from the file that is named by EVENTLOG_…_FILE instead of it, where one is."""
    file: Path | None = getattr(settings, f"{name}_file")
    if file is None:
        return settings
    variable = f"EVENTLOG_{name.upper()}"
    if getattr(settings, name) is not None:
        raise SettingsError(f"{variable} and {variable}_FILE are both set: unset one")
    try:
        return settings.model_copy(update={name: file.read_text(encoding="utf-8").strip()})
    except OSError as error:
        raise SettingsError(f"{variable}_FILE: cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{variable}_FILE: {file} holds no UTF-8 text") from None


def _explain(fault: object) -> str:
    assert isinstance(fault, dict)
    name = "EVENTLOG_" + "_".join(str(part) for part in fault["loc"]).upper()
    value = "" if name == "EVENTLOG_DSN" else f" (it is {fault['input']!r})"
    return f"{name}: {fault['msg'].removeprefix('Value error, ')}{value}"
