"""What every session of ours pins: the settings that its SQL relies on.

They hold whatever a server, a database, a login or an environment says.
A setting that is not pinned is somebody else's to choose: memory, costs, tablespaces, compression.
"""

from typing import Any, Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# `owner` is the login with all its rights; `login` too, whatever role its settings have it take on.
Role = Literal["appender", "projector", "reader", "auditor", "owner", "login"]

# A peer that vanished without a word is noticed within 10 + 3 × 5 s while we wait for it, and
# within 15 s while we send. Has no effect on unix sockets, whose peer cannot vanish silently.
LIVENESS = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

# The server's side of the same: a session whose client vanished would keep its connection for two hours.
# Asked for and not looked at: they are those of the connection, which may be a socket, or a pooler's.
SERVER_LIVENESS = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15000",
}

# How values are read and written, and so what a projection's step makes of a text: the same live, in a
# rebuild and in a verification.
VALUES = {
    "search_path": "eventlog,public",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "xmloption": "content",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "default_text_search_config": "pg_catalog.english",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "escape_string_warning": "on",
    "quote_all_identifiers": "off",
    "gin_fuzzy_search_limit": "0",
}

# How transactions begin and end, and what is told meanwhile: the append listens to a warning. Whoever makes
# a server or a database read only by default is obeyed: so an old primary is kept from being written to.
RULES = {
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_session_timeout": "0",
    # A client of ours that was stopped in a transaction is cut off.
    "idle_in_transaction_session_timeout": "10min",
    "client_min_messages": "notice",
    "exit_on_error": "off",
    "row_security": "on",
    "check_function_bodies": "on",
    "default_table_access_method": "heap",
}

# Our statements are written for the plans that PostgreSQL makes of them with all it can.
PLANS = {
    "plan_cache_mode": "auto",
    "jit": "off",
    **dict.fromkeys(
        (
            *("enable_seqscan", "enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"),
            *("enable_nestloop", "enable_hashjoin", "enable_mergejoin", "enable_hashagg", "enable_sort"),
            "enable_partition_pruning",
        ),
        "on",
    ),
}

# What is pinned otherwise for a kind of work.
# Projected rows and their step are lost together and made again identically, so a projector
# need not wait for the disk. Our statements probe indexes, whatever the statistics of tables that grow
# all the time say, so a plan made once serves for ever (making one takes 0.5 ms a step). Steps of
# others may join a batch, of which PostgreSQL knows no size: they are planned each time (see
# sql/queries/batch/settings.sql), and never by a nested loop over two batches (measured: 2 s for 5,000).
OF_ROLE: dict[Role, dict[str, str]] = {
    "appender": {"role": "eventlog_appender", "idle_in_transaction_session_timeout": "15s"},
    "projector": {
        "role": "eventlog_projector",
        "synchronous_commit": "off",
        "plan_cache_mode": "force_generic_plan",
        "enable_nestloop": "off",
        "enable_seqscan": "off",
        "idle_in_transaction_session_timeout": "10s",
    },
    "reader": {
        "role": "eventlog_reader",
        "default_transaction_read_only": "on",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
    },
    "owner": {},
    "login": {"role": "none"},
    # Its limits hold from the first moment on and after an error, which undoes what a transaction has set: a
    # client of its that was stopped must not keep its turn. The interval is of use from the start alone: set
    # later, it is heeded only once the server's own has passed (findings/).
    "auditor": {
        "idle_session_timeout": "10s",
        "idle_in_transaction_session_timeout": "5s",
        "client_connection_check_interval": "1s",
    },
}

# Looked at, and set where they are otherwise, but not asked for at the start: not every version that we run
# on knows the first two, and the last one has each session read a file of the server's.
LOOKED_AT = {
    "transaction_timeout": "0",
    "restrict_nonsystem_relation_kind": "",
    "timezone_abbreviations": "Default",
}


def pins(role: Role) -> dict[str, str]:
    """Return what the sessions of a role pin, each value as PostgreSQL shows it."""
    if role == "auditor":  # the role it logs in as has its own rules
        return {**VALUES, **OF_ROLE[role]}
    return {**VALUES, **RULES, **PLANS, **OF_ROLE[role]}


def session_dsn(dsn: str, role: Role, name: str, *, options: bool = True) -> str:
    """Return dsn with what makes it a session of ours; name is what pg_stat_activity shows.

    options: pin at the start, which costs nothing. Not all poolers let that through.
    """
    given = conninfo_to_dict(dsn)
    settings = {**SERVER_LIVENESS, **pins(role)}
    if given.get("target_session_attrs") == "read-write":
        # libpq would take a session that is read only by default for a server that is, and refuse it.
        # A reader's is set so later; an auditor's default is not ours to change.
        if role == "reader":
            del settings["default_transaction_read_only"]
        given["target_session_attrs"] = "primary" if role == "auditor" else "read-write"
    if options:
        pinned = " ".join(f"-c {name}={_escaped(value)}" for name, value in settings.items())
        given["options"] = f"{given.get('options') or ''} {pinned}".strip()
    # Texts go to COPY as UTF-8; by another encoding of the client's, other text would be stored.
    ours = {"client_encoding": "UTF8", "application_name": f"eventlog {name}"}
    whole: dict[str, Any] = {"connect_timeout": 5, **LIVENESS, **given, **ours}
    return make_conninfo(**whole)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
