"""The report for people: every number whole, however narrow the terminal."""

import io

from rich.console import Console

from publisher.ship.report import FileReport, ShipReport
from publisher.ship.run import told_of


def test_no_number_is_cut_at_80_columns_and_no_name_is_markup() -> None:
    report = ShipReport(seconds=2.0)
    report.files.append(
        FileReport(
            "/var/log/[red]access.log",
            records=1_234_567,
            accepted=1_234_000,
            already_there=99_999,
            first_time="2025-10-21T10:00:00.123456Z",
            last_time="2025-10-21T11:00:00.123456Z",
        )
    )
    Console(file=(written := io.StringIO()), width=80).print(told_of(report))
    lines = written.getvalue().splitlines()
    assert lines[0] == "/var/log/[red]access.log"
    for part in ("1,234,567 records", "1,234,000 accepted", "99,999 already there"):
        assert part in written.getvalue()
    assert "    2025-10-21T10:00:00.123456Z to 2025-10-21T11:00:00.123456Z" in lines
    assert max(map(len, lines)) <= 80
