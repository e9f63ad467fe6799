"""What a file was called when it was written."""

import pytest

from publisher.ship.names import canonical_name, default_topic


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/var/log/app.log", "app.log"),
        ("app.log.1", "app.log"),
        ("app.log.12.gz", "app.log"),
        ("app.log-20251021", "app.log"),
        ("app.log-20251021-1761040800", "app.log"),
        ("app-20251021-1761040800.log.gz", "app.log"),
        ("app.log-20251021.gz", "app.log"),
        ("app.log.2025-10-21", "app.log"),
        ("app.log.2025-10-21-13", "app.log"),
        ("app-2025-10-21.log", "app.log"),
        ("app.2025-10-21.3.log", "app.log"),
        ("app.log.old", "app.log"),
        ("syslog", "syslog"),
        ("syslog.1", "syslog"),
        ("app-1.log", "app-1.log"),
        ("node2.log", "node2.log"),
        ("20251021.log", "20251021.log"),
        ("data.csv.xz", "data.csv"),
        ("app.log.2.zst", "app.log"),
        ("app.log.lz4", "app.log"),
        ("app-2025-10-21T10-00-00.000.log", "app.log"),
        ("app-2025-10-21T10-00-00.000.log.gz", "app.log"),
        ("log20251021.txt", "log.txt"),
        ("log20251021_001.txt", "log.txt"),
        ("log-202510211000.txt", "log.txt"),
        ("app-10-21-2025-1.log.gz", "app.log"),
        ("app.1.log", "app.log"),
        ("app.log.Mon", "app.log"),
        ("postgresql-Mon.log", "postgresql.log"),
        ("postgresql-2025-10-21_100000.log", "postgresql.log"),
        ("app.log.bak", "app.log"),
        ("app.log~", "app.log"),
        ("app.log-1761040800", "app.log"),
        ("app.log.2025-10-21_10", "app.log"),
        ("access_log.2025.10.21", "access_log"),
        ("localhost.2025-10-21.log", "localhost.log"),
        ("x-10234567.out", "x-10234567.out"),
        (".gz", ".gz"),
        ("-", "stdin"),
        ("a\x1bb.log", "a?b.log"),
    ],
)
def test_rotation_and_compression_do_not_change_the_name(path: str, name: str) -> None:
    assert canonical_name(path) == name


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("Apache.log", "log.apache.line"),
        ("my app (1).LOG", "log.my-app-1.line"),
        ("syslog", "log.syslog.line"),
        ("Ωmega*.txt", "log.mega.line"),
        ("Ω", "log.file.line"),
        ("deliveries.ndjson", "log.deliveries.line"),
    ],
)
def test_the_default_topic_is_lawful(name: str, topic: str) -> None:
    assert default_topic(name) == topic
