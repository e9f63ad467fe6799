"""A projection of one's own is rebuilt as workers play it: with their rights, its quarantine tried again."""

from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from eventlog.errors import EventlogError
from projections.custom.discovery import discover, load
from projections.install import install_own
from projections.projection import TIMELINE, Projection
from projections.rebuilding.rebuild import rebuild
from projections.verify import verify
from tests.support.own import STEP, write_projection
from tests.support.projecting import project_all
from tests.support.sessions import scalar

Connection = psycopg.Connection[TupleRow]

WHO = "CREATE TABLE {schema}.kept (partition smallint, position bigint, who text)"
AS_WHOM = "INSERT INTO {schema}.kept SELECT b.partition, b.position, current_user::text FROM {batch} AS b"
PICKY = (
    STEP
    + " WHERE CASE WHEN b.position BETWEEN 3 AND 6"
    + " THEN eventlog.indigestible('too early')::boolean ELSE true END"
)


def projected(dsn: str, place: Path) -> Projection:
    """Install a projection and play the log into it."""
    found = discover(str(place))
    assert install_own(dsn, found).faults == []
    projection = found.projections[-1]
    project_all(dsn, projections=[projection])
    return projection


def test_its_steps_have_the_rights_of_workers(database: str, connection: Connection, tmp_path: Path) -> None:
    own = projected(database, write_projection(tmp_path, "own", tables=WHO, step=AS_WHOM))
    assert verify(database, own).differing == []
    rebuild(database, own)
    assert scalar(connection, "SELECT array_agg(DISTINCT who) FROM own_2.kept") == ["eventlog_projector"]


@pytest.mark.parametrize("file", ["step", "fill"])
def test_it_cannot_touch_what_is_not_its_own(
    database: str, connection: Connection, tmp_path: Path, file: str
) -> None:
    place = write_projection(tmp_path, "own")
    projected(database, place)
    (place / f"{file}.sql").write_text("DELETE FROM eventlog.operations WHERE %(first)s < 0")
    with pytest.raises(EventlogError, match="permission denied"):
        rebuild(database, load(place))
    assert scalar(connection, "SELECT live_version FROM projections WHERE name = 'own'") == 1


def test_a_changed_definition_tries_its_quarantine_again(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    place = write_projection(tmp_path, "own", step=PICKY)
    projected(database, place)
    aside = (
        "SELECT count(*) FROM quarantine JOIN projections ON name = projection AND live_version = version"
        " WHERE projection = 'own' AND cause = 'too early'"
    )
    before = scalar(connection, aside)
    assert before
    (place / "step.sql").write_text(STEP)
    rebuild(database, load(place))
    assert scalar(connection, aside) == 0
    assert scalar(connection, "SELECT count(*) FROM own_2.kept WHERE position BETWEEN 3 AND 6") != 0
    assert verify(database, load(place)).differing == []


@pytest.mark.parametrize("file", ["tables.sql", "step.sql", "fill.sql"])
def test_what_decides_its_rows_is_another_definition(tmp_path: Path, file: str) -> None:
    for source in TIMELINE.folder.glob("*.sql"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    same = Projection("timeline", tmp_path, each=None)
    assert same.definition == TIMELINE.definition
    (tmp_path / file).write_text((tmp_path / file).read_text() + "SELECT 1")
    assert Projection("timeline", tmp_path, each=None).definition != TIMELINE.definition
