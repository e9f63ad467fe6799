"""The power fails under load: what was acknowledged is there, and the rig would see it if not."""

from pathlib import Path

import pytest

from tests.faults.power_cut import control, cycle, rig, why_not
from tests.faults.spawner import Spawner

pytestmark = [pytest.mark.root, pytest.mark.skipif(why_not() != "", reason=why_not())]


def test_what_was_acknowledged_survives_a_power_cut(spawner: Spawner, bindir: Path | None) -> None:
    with rig(bindir) as place:
        acknowledged, found = cycle(place, spawner, seed=1, bindir=bindir)
    assert acknowledged > 300
    assert found == []


def test_the_same_rig_sees_what_is_lost_where_commits_do_not_wait_for_the_disk(bindir: Path | None) -> None:
    assert control(1, bindir) == 0
