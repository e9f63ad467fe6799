"""The report for people: a bound on its length, and no number cut, on any width of terminal. Pure."""

from rich.text import Text

from publisher.ship.report import FileReport, ShipReport

# Files that are told one by one unless --verbose asks for all: those of which something is wrong come first.
FILES_TOLD_MAX = 20


def told_of(report: ShipReport, *, verbose: bool = False) -> Text:
    """Tell what became of the files. What comes from their names is never markup."""
    told = report.files if verbose else _most_important(report)
    lines = [line for file in told for line in _lines_of(file)]
    if len(told) < len(report.files):
        lines += _lines_of_all(report, len(told))
    rate = report.total("accepted") / report.seconds if report.seconds else 0.0
    lines.append(f"{report.total('accepted'):,} events in {report.seconds:.2f} s ({rate:,.0f}/s)")
    return Text("\n".join(lines))


def _most_important(report: ShipReport) -> list[FileReport]:
    """Choose the files to tell of, and leave them in their order."""
    if len(report.files) <= FILES_TOLD_MAX:
        return report.files
    lost = {one.path for one in report.lost}

    def rank(file: FileReport) -> tuple[bool, bool, int, bool, int]:
        return (
            file.failure is None,
            file.path not in lost,
            -file.refused,
            not (file.notes or file.waiting_bytes),
            -file.records,
        )

    chosen = {id(file) for file in sorted(report.files, key=rank)[:FILES_TOLD_MAX]}
    return [file for file in report.files if id(file) in chosen]


def _lines_of_all(report: ShipReport, told: int) -> list[str]:
    files, total = report.files, report.total
    failed = sum(file.failure is not None for file in files)
    skipped = sum(file.skipped is not None for file in files)
    waiting = sum(file.waiting_bytes > 0 for file in files)
    spans = [(file.first_time, file.last_time) for file in files if file.first_time]
    times = [f"    {min(first for first, _ in spans)} to {max(last for _, last in spans)}"] if spans else []
    return [
        f"all {len(files):,} files ({len(files) - told:,} are not told above: --verbose, --json)",
        f"    {total('records'):,} records: {total('accepted'):,} accepted, {total('refused'):,} refused;",
        f"    {total('already_there'):,} already there, {total('without_time'):,} without a time",
        *times,
        f"    {failed:,} not read, {skipped:,} skipped, {total('nothing_new'):,} with nothing new;",
        f"    {waiting:,} end in half a line, {len(report.lost):,} possibly lost",
    ]


def _lines_of(file: FileReport) -> list[str]:
    why = file.failure or file.skipped or ("nothing new" if file.nothing_new else "")
    counts = (
        f"{file.records:,} records after line {file.resumed_after_line:,}: {file.accepted:,} accepted, "
        f"{file.refused:,} refused;"
    )
    more = f"{file.already_there:,} already there, {file.without_time:,} without a time"
    times = [f"    {file.first_time} to {file.last_time}"] if file.first_time else []
    return [f"{file.path}{f' ({why})' if why else ''}", f"    {counts}", f"    {more}", *times]
