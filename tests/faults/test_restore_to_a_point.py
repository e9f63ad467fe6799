"""A backup and the WAL after it, restored to a point: the log as it was; publishers know what is missing."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from eventlog.embedded import EmbeddedServer
from eventlog.embedded.backup import base_backup
from projections.install import set_up
from projections.projection import PROJECTIONS
from projections.verify import verify
from tests.faults.checker import log_hash, violations
from tests.faults.client import Load, load
from tests.faults.journal import Attempt, read_journal
from tests.faults.spawner import Spawner
from tests.faults.stack import Stack
from tests.faults.standby import OPTIONS, ask
from tests.support.postgres import PARTITIONS, quick_directory
from tests.support.waiting import until

POINT = "before_the_mistake"
ARCHIVED = "SELECT last_archived_wal >= pg_walfile_name('{}') FROM pg_stat_archiver"


@pytest.fixture
def archive() -> Iterator[Path]:
    with quick_directory("eventlog-wal-") as path:
        yield path


@pytest.fixture
def server(archive: Path, bindir: Path | None) -> Iterator[EmbeddedServer]:
    """Run a server that keeps a copy of its WAL."""
    options = OPTIONS | {"archive_mode": "on", "archive_command": f"cp %p {archive}/%f"}
    with quick_directory() as data_dir, EmbeddedServer(data_dir, bindir=bindir, options=options) as running:
        status = running.directory.cluster.stat()
        os.chown(archive, status.st_uid, status.st_gid)
        set_up(running.dsn, PARTITIONS)
        yield running


def goes_on(running: Load) -> None:
    before = running.journal.acknowledged
    until(lambda: running.journal.acknowledged > before + 100, deadline_seconds=20)


def archive_all(server: EmbeddedServer) -> None:
    """Wait until all WAL that there is lies in the archive."""
    last = ask(server, "SELECT pg_switch_wal()")
    until(lambda: ask(server, ARCHIVED.format(last)), message="the WAL is not archived")


def restored(backup: Path, archive: Path, bindir: Path | None) -> EmbeddedServer:
    """Return a server over a backup that plays the archived WAL up to the point."""
    (backup / "cluster" / "recovery.signal").touch()
    options = {
        "restore_command": f"cp {archive}/%f %p",
        "recovery_target_name": POINT,
        "recovery_target_action": "promote",
    }
    return EmbeddedServer(backup, bindir=bindir, options=OPTIONS | options)


def is_beyond(attempt: Attempt, heads: dict[int, int]) -> bool:
    """Whether an acknowledged request lies after the heads. It is one transaction: all of it or nothing."""
    placed = [(one.position or 0) > heads.get(one.partition or 0, 0) for one in attempt.sent]
    assert len(set(placed)) == 1, f"{attempt.request_id} was restored in part"
    return placed[0]


def test_a_log_restored_to_a_point_is_what_it_was_then_and_its_journal_tells_what_is_missing(
    server: EmbeddedServer,
    archive: Path,
    spawner: Spawner,
    journal: Path,
    tmp_path: Path,
    bindir: Path | None,
) -> None:
    with quick_directory() as backup:
        with Stack(spawner, server.dsn, tmp_path) as stack:
            stack.start_worker()
            stack.start_api()
            with load(stack.port, journal) as running:
                goes_on(running)
                base_backup(server, backup, bindir)
                goes_on(running)
                told = {each.request_id for each in read_journal(journal) if each.outcome == "ok"}
                ask(server, f"SELECT pg_create_restore_point('{POINT}')")
                goes_on(running)
        archive_all(server)
        with restored(backup, archive, bindir) as again, Stack(spawner, again.dsn, tmp_path) as stack:
            until(lambda: not ask(again, "SELECT pg_is_in_recovery()"))
            there = log_hash(again.dsn)
            assert there.changed_in(server.dsn) == []
            heads = {partition: last for partition, (last, _) in there.through.items()}
            acknowledged = [each for each in read_journal(journal) if each.outcome == "ok"]
            missing = {each.request_id for each in acknowledged if is_beyond(each, heads)}
            assert missing
            assert not missing & told
            _forget(journal, missing)
            later = tmp_path / "later.jsonl"
            stack.start_worker()
            stack.start_api()
            with load(stack.port, later, seed=2) as running:
                goes_on(running)
            stack.drain()
            assert violations([journal, later], again.dsn) == []
            assert [verify(again.dsn, each).differing for each in PROJECTIONS] == [[], []]


def _forget(journal: Path, requests: set[str]) -> None:
    """Have a journal hold that these requests were refused: nothing of them may be there."""
    attempts = read_journal(journal)
    known = [
        msgspec.structs.replace(each, outcome="fail") if each.request_id in requests else each
        for each in attempts
    ]
    journal.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in known))
