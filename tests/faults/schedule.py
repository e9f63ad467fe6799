"""A schedule of faults, made from a seed: what happens when, to whom."""

import random

import msgspec

from eventlog.failpoints import POINTS

# How often each is drawn. A fault that only ever kills would leave the waits untested.
WEIGHTS = {
    "kill_api": 10,
    "kill_worker": 10,
    "failpoint_api": 12,
    "failpoint_worker": 12,
    "stop_api": 4,
    "stop_worker": 4,
    "terminate_api": 4,
    "kill_postmaster": 6,
    "restart_postgres": 4,
    "kill_backend": 6,
    "cut_before_commit": 8,
    "cut_after_commit": 8,
    "rst": 6,
    "delay": 3,
    "stall": 4,
    "dribble": 3,
    "rebuild": 8,
    "outbox": 6,
    "vacuum": 3,
}
API_POINTS = tuple(name for name in POINTS if name.startswith("api."))
OUTBOX_POINTS = tuple(name for name in POINTS if name.startswith("outbox."))
WORKER_POINTS = tuple(name for name in POINTS if name.startswith("proj."))
REBUILD_POINTS = tuple(name for name in POINTS if name.startswith("rb."))
SESSIONS = ("eventlog append", "eventlog worker", "eventlog outbox")


class Strike(msgspec.Struct, frozen=True):
    """One fault: how long after the one before, what, and its details."""

    after_seconds: float
    fault: str
    detail: str = ""
    seconds: float = 0.0
    times: int = 1


class Schedule(msgspec.Struct, frozen=True):
    """All that a run of this seed does."""

    seed: int
    clients: int
    batch_max: int
    batch_size: int
    strikes: list[Strike]


def make_schedule(seed: int) -> Schedule:
    """Return the schedule of a seed: always the same one."""
    chance = random.Random(seed)
    faults = chance.choices(tuple(WEIGHTS), weights=tuple(WEIGHTS.values()), k=chance.randint(3, 8))
    batch_max = chance.choice([1, 5, 20, 100])
    return Schedule(
        seed=seed,
        clients=chance.randint(1, 4),
        batch_max=batch_max,
        # Smaller steps than batches would never catch up.
        batch_size=chance.choice([batch_max, 3 * batch_max, 50 * batch_max]),
        strikes=[_strike(chance, fault) for fault in faults],
    )


def _strike(chance: random.Random, fault: str) -> Strike:
    detail = ""
    if fault == "failpoint_api":
        action = chance.choice(["kill", "kill", "raise", "sleep(0.3)"])
        detail = f"{chance.choice(API_POINTS + OUTBOX_POINTS)}:{action}:{chance.randint(1, 5)}"
    elif fault == "failpoint_worker":
        action = chance.choice(["kill", "kill", "raise", "sleep(0.3)"])
        detail = f"{chance.choice(WORKER_POINTS)}:{action}:{chance.randint(1, 4)}"
    elif fault == "rebuild" and chance.random() < 0.6:
        detail = f"{chance.choice(REBUILD_POINTS)}:kill:1"
    elif fault in ("cut_before_commit", "cut_after_commit", "rst", "kill_backend"):
        detail = chance.choice(SESSIONS)
    elif fault == "restart_postgres":
        detail = chance.choice(["SIGQUIT", "SIGINT"])
    return Strike(
        after_seconds=round(chance.uniform(0.0, 0.25), 3),
        fault=fault,
        detail=detail,
        seconds=round(chance.uniform(0.05, 0.6), 3),
        times=chance.randint(1, 4),
    )
