"""The ladder as pictures, where matplotlib is installed: `pip install 'pg-eventlog[bench]'`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.figures import EVENTS, Ladder, Rung
from tests.benchmarks.report import MAIN, SPREAD

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(ladder: Ladder, out: Path) -> None:
    """Write rates.png, cpu.png and latency.png, those that have something to show."""
    try:
        from matplotlib.figure import Figure as Picture
    except ImportError:
        print("no plots: matplotlib is not installed (the extra `bench`)", file=sys.stderr)
        return
    sound = [rung for rung in ladder.rungs if rung.median is not None]
    drawings = {
        "rates": (_draw_rates, [rung for rung in sound if rung.unit == EVENTS]),
        "cpu": (_draw_cpu, [rung for rung in sound if rung.name in MAIN and rung.cpu]),
        "latency": (_draw_latency, [rung for rung in sound if rung.name.startswith("latency_")]),
    }
    for name, (draw, rungs) in drawings.items():
        if rungs:
            picture = Picture(figsize=(11, 1.5 + 0.35 * max(len(rungs), 10)), layout="constrained")
            draw(picture.subplots(), rungs)
            picture.savefig(out / f"{name}.png", dpi=110)


def _draw_rates(axes: "Axes", rungs: list[Rung]) -> None:
    names = [rung.name for rung in rungs][::-1]
    medians = [rung.median or 0.0 for rung in rungs][::-1]
    bars = axes.barh(names, medians)
    axes.bar_label(bars, [f"{value:,.0f}" for value in medians], padding=3)
    axes.set_xlabel("events/s, median of the rounds")


def _draw_cpu(axes: "Axes", rungs: list[Rung]) -> None:
    left = [0.0] * len(rungs)
    for who in sorted({name for rung in rungs for name in rung.cpu}):
        widths = [rung.cpu.get(who, 0.0) for rung in rungs]
        axes.barh([rung.name for rung in rungs], widths, left=left, label=who)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set_xlabel("µs of CPU an event, load generator included")
    axes.legend(fontsize="small")


def _draw_latency(axes: "Axes", rungs: list[Rung]) -> None:
    rungs = sorted(rungs, key=lambda rung: float(rung.details["rate"]))
    rates = [float(rung.details["rate"]) for rung in rungs]
    for name in SPREAD:
        axes.plot(rates, [rung.details["found_ms"][name] for rung in rungs], marker="o", label=name)
    axes.set_yscale("log")
    axes.set_xlabel("single events/s offered")
    axes.set_ylabel("publish to query, ms")
    axes.legend()
