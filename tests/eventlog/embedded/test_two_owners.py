"""Two processes on one data directory never fight over it."""

from pathlib import Path

import psycopg

from eventlog.embedded import EmbeddedServer
from tests.eventlog.embedded.conftest import StartOwner
from tests.support.processes import is_alive
from tests.support.waiting import until


def test_the_second_attaches_and_leaves_the_server_alone(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    with EmbeddedServer(data_dir, bindir=bindir) as second:
        assert (second.attached, second.pid, second.dsn) == (True, owner.pid, owner.dsn)
    assert is_alive(owner.pid)
    with psycopg.connect(owner.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_of_four_that_start_at_once_on_nothing_one_owns_and_three_attach(
    empty_data_dir: Path, start_owner: StartOwner
) -> None:
    owners = [start_owner(empty_data_dir) for _ in range(4)]
    ready = [owner.wait_until_ready() for owner in owners]
    assert sorted(owner.attached for owner in ready) == [False, True, True, True]
    assert len({owner.pid for owner in ready}) == 1


def test_when_the_owner_has_ended_another_may_own(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    owner.finish()
    assert not is_alive(owner.pid)
    with EmbeddedServer(data_dir, bindir=bindir) as server:
        assert not server.attached


def test_start_again_takes_over_when_the_server_attached_to_is_gone(
    data_dir: Path, start_owner: StartOwner, bindir: Path | None
) -> None:
    owner = start_owner(data_dir).wait_until_ready()
    with EmbeddedServer(data_dir, bindir=bindir) as second:
        owner.finish()
        second.start()
        assert not second.attached
        with psycopg.connect(second.dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_one_process_runs_servers_on_two_directories(
    data_dir: Path, server: EmbeddedServer, bindir: Path | None
) -> None:
    with EmbeddedServer(data_dir, bindir=bindir) as other:
        assert other.pid != server.pid
        assert other.dsn != server.dsn
    until(lambda: is_alive(server.pid))
