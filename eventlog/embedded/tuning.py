"""The server settings of an event log on one machine, each with its reason."""

import os
import shutil
from pathlib import Path

MIB = 1 << 20


def server_options(data_dir: Path) -> dict[str, str]:
    """Return the settings that the embedded server starts with, unless its owner overrides them."""
    return {
        # The promise of a 202: what was acknowledged survives a power cut. Said here, not left to defaults.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        # Half of what a database server of its own would take, since the API and workers live here too.
        "shared_buffers": f"{_shared_buffers_mib()}MB",
        # Appends are WAL first of all: a checkpoint makes every page touched after it be written whole
        # once more, which with random ids is nearly all of it, so checkpoints are far apart. Each takes half
        # the time to the next: while one lasts, a crash is recovered from the one before, and the later it
        # must begin. By 6 GB and a half that is 4 to 6 GB of WAL, at 3 s a GB. Who publishes less than it can
        # take has checkpoints by time: 5,000 events a second are 2.2 GB of WAL at most.
        "max_wal_size": f"{_max_wal_mib(data_dir)}MB",
        "checkpoint_timeout": "5min",
        "checkpoint_completion_target": "0.5",
        # A standby or a backup that is forgotten must not fill the volume: its slot is given up before.
        "max_slot_wal_keep_size": "4GB",
        # A COPY of thousands of events and its fsync should not wait for one 16 MB buffer.
        "wal_buffers": "64MB",
        # The wheel has pglz alone, which costs more processor time than the disk time it saves.
        "wal_compression": "off",
        # A new segment would be written full of zeros before it is written, and appends wait for that: until
        # segments are used again, after the first checkpoint, it was a tenth of all the processor's work, and
        # commits were no slower without (docs/speed.md). What is missing is allocated, and made durable, by
        # the commit that needs it.
        "wal_init_zero": "off",
        # Statements are short and set-based: compiling them takes longer than running them.
        "jit": "off",
        # API pool + writer + workers + people; each connection costs memory even when idle.
        "max_connections": "100",
        # A forgotten transaction keeps vacuum from every table; ten minutes is longer than any of ours.
        "idle_in_transaction_session_timeout": "10min",
        # A statement whose client is gone would hold its locks to its end.
        "client_connection_check_interval": "10s",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Statements hold what people sent and asked; the senders are told what was wrong with them.
        "log_min_error_statement": "panic",
        # Where a container may use none of the machine's huge pages, PostgreSQL takes some all the same, and
        # dies of a bus error when it first touches one, be it after days.
        "huge_pages": "off",
        # We hold the log file, and PostgreSQL writes to it as its stderr.
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] ",
    }


def _shared_buffers_mib() -> int:
    """A quarter of the memory, at least 128 MiB and at most 2 GiB."""
    return max(128, min(2048, _memory_bytes() // 4 // MIB))


def _max_wal_mib(data_dir: Path) -> int:
    """A tenth of the volume, at least 1 GiB and at most 6 GiB."""
    return max(1024, min(6144, shutil.disk_usage(data_dir).total // 10 // MIB))


def _memory_bytes() -> int:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical
