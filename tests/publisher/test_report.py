"""The report for people: every number whole, however narrow the terminal."""

import io

from rich.console import Console

from publisher.ship.report import FileReport, Lost, ShipReport
from publisher.ship.told import FILES_TOLD_MAX, told_of


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


def of_many() -> ShipReport:
    files = [
        FileReport(f"/logs/{n}.log", records=n, accepted=n, first_time=f"2025-10-21T10:{n % 60:02d}:00.000Z")
        for n in range(5000)
    ]
    for file in files:
        file.last_time = file.first_time
    files[7].failure = "no text"
    files[8].accepted, files[8].refused = 6, 2
    files[9].notes = ["has no zone"]
    lost = [Lost("/logs/11.log", 3, 100, 2, "gone")]
    return ShipReport(files=files, lost=lost, seconds=1.0)


def test_of_thousands_of_files_those_with_something_wrong_are_told_and_all_are_counted() -> None:
    lines = str(told_of(of_many())).splitlines()
    assert len(lines) < 5 * FILES_TOLD_MAX
    told = [line.split()[0] for line in lines if line.startswith("/logs")]
    assert told[:4] == ["/logs/7.log", "/logs/8.log", "/logs/9.log", "/logs/11.log"]
    assert len(told) == FILES_TOLD_MAX
    assert told[-1] == "/logs/4999.log"
    whole = "\n".join(lines)
    for part in ("all 5,000 files", "4,980", "12,497,500 records", "2 refused", "1 not read"):
        assert part in whole
    assert "1 possibly lost" in whole
    assert max(map(len, lines)) <= 80


def test_verbose_tells_of_every_file() -> None:
    told = str(told_of(of_many(), verbose=True)).splitlines()
    assert sum(line.startswith("/logs/") for line in told) == 5000
