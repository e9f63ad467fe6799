"""What is tested on one version of PostgreSQL alone is named by paths that exist."""

from tests.support.any_server import FOLDERS_AND_FILES, TESTS


def test_what_is_left_out_of_the_oldest_version_is_there() -> None:
    assert [name for name in FOLDERS_AND_FILES if not (TESTS / name).exists()] == []
