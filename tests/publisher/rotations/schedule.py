"""What happens in a schedule, all of it decided by its seed before anything does."""

import random

import msgspec

PACKERS = (".gz", ".bz2", ".xz", ".zst", ".lz4")
LOGROTATE = (
    "copytruncate",
    "copytruncate\n compress",
    "create",
    "create\n dateext\n dateformat -%Y%m%d-%s",
    "create\n compress",
    "create\n compress\n delaycompress\n compresscmd /usr/bin/xz\n compressext .xz",
    "create\n olddir old",
    "create\n olddir old\n compress",
)
STRIKES = ("cut before", "cut after", "cut before", "cut after", "shipper before", "shipper after")
NUMBERED, DATED, BETWEEN = "numbered", "dated", "between"


class Step(msgspec.Struct, frozen=True):
    """One thing that is done; `number` and `choice` are what the act makes of them."""

    act: str
    number: int = 0
    choice: str = ""


class Schedule(msgspec.Struct, frozen=True):
    """A writer, a way to rotate, a way to ship, and the steps."""

    seed: int
    stamped: bool
    shipped: str  # path, pattern or folder
    batch: int
    names: str  # of rotated files
    writer: str  # path: it opens one name; link: that name is a link which is turned
    logrotate: str  # its configuration, where the program itself rotates
    steps: list[Step]


def make_schedule(seed: int) -> Schedule:
    """Decide all of it."""
    chance = random.Random(seed)
    writer = "link" if chance.random() < 0.12 else "path"
    logrotate = chance.choice(LOGROTATE) if writer == "path" and chance.random() < 0.2 else ""
    weights = _weights(writer, logrotate, deletes=chance.random() < 0.3, breaks=chance.random() < 0.12)
    steps = [Step("write", chance.randint(1, 30))] if chance.random() < 0.8 else []
    steps.append(Step("once"))
    acts = chance.choices(list(weights), list(weights.values()), k=chance.randint(8, 22))
    steps += [_step(act, chance) for act in acts]
    return Schedule(
        seed=seed,
        stamped=chance.random() < 0.7,
        shipped=chance.choice(["path", "path", "pattern", "folder"]) if writer == "path" else "path",
        batch=chance.choice([1, 5, 100]),
        names=chance.choice([NUMBERED, NUMBERED, DATED, BETWEEN]),
        writer=writer,
        logrotate=logrotate,
        steps=steps,
    )


def _weights(writer: str, logrotate: str, *, deletes: bool, breaks: bool) -> dict[str, float]:
    always = {"write": 9, "half": 2, "once": 4, "follow": 3, "settle": 3, "stop": 1, "kill": 2, "strike": 3}
    if logrotate:
        rotate: dict[str, float] = {"run_logrotate": 6}
    elif writer == "link":
        rotate = {"turn_link": 5, "pack_old": 1}
    else:
        rotate = {
            "rename": 3,
            "rename_late": 2,
            "copy_truncate": 2,
            "rename_pack": 2,
            "copy_pack_truncate": 1,
            "move": 1,
            "move_pack": 1,
            "pack_old": 1,
            "move_old": 0.5,
            "late": 1,
        }
    more = {"delete": 1.0} if deletes else {}
    if breaks:
        more |= {"break_api": 1.0, "break_postgres": 0.7}
    return {**always, **rotate, **more}


def _step(act: str, chance: random.Random) -> Step:
    if act == "strike":
        return Step(act, chance.randint(1, 4), chance.choice(STRIKES))
    if "pack" in act:
        return Step(act, chance.randrange(1000), chance.choice(PACKERS))
    if act in ("write", "rename_late", "late"):
        return Step(act, chance.randint(1, 30 if act == "write" else 3))
    return Step(act, chance.randrange(1000))
