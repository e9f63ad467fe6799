"""Records of several lines that databases write: an entry is one event, whatever its statement holds."""

from pathlib import Path

from tests.publisher.desk import Desk, at_desk

BANNER = """/usr/sbin/mysqld, Version: 8.0.34 (MySQL Community Server - GPL). started with:
Tcp port: 3306  Unix socket: /var/run/mysqld/mysqld.sock
Time                 Id Command    Argument
"""
MYSQL = """# Time: 2025-10-21T10:00:00.123456Z
# User@Host: root[root] @ localhost []  Id:     8
# Query_time: 2.000123  Lock_time: 0.000002 Rows_sent: 1  Rows_examined: 1
use test;
SET timestamp=1761040800;
SELECT *
FROM t

WHERE at = '2024-01-01 00:00:00'
  AND b = 2;
"""
SAME_SECOND = """# User@Host: root[root] @ localhost []  Id:     9
# Query_time: 3.0  Lock_time: 0.0 Rows_sent: 1  Rows_examined: 1
SET timestamp=1761040800;
2024-01-01 00:00:00 is no stamp here;
"""
MARIADB = """# Time: 251021 10:00:05
# User@Host: root[root] @ localhost []
# Thread_id: 5  Schema: test  QC_hit: No
SET timestamp=1761040805;
SELECT 1;
"""
CSV = (
    '2025-10-21 10:00:00.123 UTC,"bob","db",1234,"127.0.0.1:5000",68f7.4d2,1,"SELECT",'
    '2025-10-21 09:00:00 UTC,3/4,0,ERROR,42601,"syntax error at or near ""x""",,,,,,"SELECT\n'
    "2025-10-21 11:00:00.000 UTC,\n"
    '""quoted"" x",1,,"psql","client backend",,0\n',
    "2025-10-21 10:00:01.000 UTC,,,99,,68f7.63,1,,2025-10-21 09:00:00 UTC,,0,LOG,00000,"
    '"checkpoint starting: time",,,,,,,,,"","checkpointer",,0\n',
    '2025-10-21 10:00:02.000 UTC,"bob","db",1,"[local]",68f7.64,1,"",2025-10-21 09:00:00 UTC,'
    ',0,LOG,00000,"x"\n',
)


def test_an_entry_of_mysql_s_slow_log_is_one_event_with_its_own_time(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "slow.log").write_text(BANNER + MYSQL + SAME_SECOND + BANNER + MARIADB)
        await desk.ship(path)
        banner = BANNER.splitlines()
        entries = [text.removesuffix("\n") for text in (MYSQL, SAME_SECOND)]
        assert desk.lines() == [*banner, *entries, *banner, MARIADB.removesuffix("\n")]
        own = [event["timestamp"] for event in desk.peer.events if str(event["payload"]).count("#") > 1]
        assert own == ["2025-10-21T10:00:00.123456Z"] * 2 + ["2025-10-21T10:00:05.000Z"]

    at_desk(tmp_path, use)


def test_a_field_of_postgresql_s_csv_log_may_hold_lines_that_begin_with_a_time(tmp_path: Path) -> None:
    async def use(desk: Desk) -> None:
        (path := tmp_path / "postgresql.csv").write_text("".join(CSV))
        await desk.ship(path)
        assert desk.lines() == [text.removesuffix("\n") for text in CSV]
        assert [str(event["timestamp"])[17:] for event in desk.peer.events] == [
            "00.123Z",
            "01.000Z",
            "02.000Z",
        ]

    at_desk(tmp_path, use)
