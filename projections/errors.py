"""What can go wrong with projections and with what is done to them."""

from collections.abc import Sequence

from eventlog.errors import EventlogError


class ProjectionDropped(EventlogError):
    """The projection `name` is dropped: the log has all of it, and a rebuild brings it back."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"projection {name} is dropped; a rebuild brings it back")


class ProjectionUnknown(EventlogError):
    """There is no projection `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"there is no projection {name!r}: `eventlog projections list` or GET /projections has them, "
            "and EVENTLOG_PROJECTIONS names the code of your own"
        )


class ProjectionOutdated(EventlogError):
    """The live version of `name` was made by other code than this, so this code cannot replay it."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"projection {name} was made by other code than this: `eventlog rebuild {name}`")


class ProjectionInUse(EventlogError):
    """Somebody's views are defined on the tables of one version, which are to be dropped."""

    def __init__(self, schema: str, views: Sequence[str]) -> None:
        self.views = list(views)
        super().__init__(
            f"defined on tables of {schema}: {', '.join(views)}; define these on the stable views instead"
        )


class ProjectionDiffers(EventlogError):
    """A version of `name` differs from a replay of the log, in `differing`."""

    def __init__(self, name: str, differing: Sequence[str]) -> None:
        self.differing = list(differing)
        super().__init__(f"projection {name} is not what a replay of the log gives: {'; '.join(differing)}")


class ProjectionFailed(EventlogError):
    """A rebuild of `name` met an error that is its own SQL's."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"projection {name} cannot be rebuilt: {cause}; the live version stays")


class OperationRefused(EventlogError):
    """Another operation on the projection is under way."""

    def __init__(self, projection: str, kind: str, id: str) -> None:
        self.id = id
        super().__init__(f"a {kind} of projection {projection} is under way: operation {id}")


class OperationCancelled(EventlogError):
    """An operation ended before its time because somebody wanted it to."""

    def __init__(self) -> None:
        super().__init__("cancelled")


class OperationLost(EventlogError):
    """An operation's session was cut, and another operation has taken its place."""

    def __init__(self) -> None:
        super().__init__("the session of this operation was cut, and another one has taken its place")
