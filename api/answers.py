"""What the reading routes answer, for the OpenAPI document alone: answers are built by msgspec."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["unique", "duplicate", "conflict", "quarantined", "pending"]


def example(**values: Any) -> ConfigDict:
    """Return a model's configuration with one example."""
    return ConfigDict(json_schema_extra={"examples": [values]})


EVENT: dict[str, Any] = {
    "topic": "payment.notification",
    "event_id": "3832d20e7-101",
    "timestamp": "2025-10-21T10:00:00.000Z",
    "source": "payment-gateway-A",
    "payload": {"amount": 500000},
    "partition": 3,
    "position": 1042,
    "received_at": "2025-10-21T10:00:00.123456Z",
    "processed_at": "2025-10-21T10:00:00.131Z",
}


class Event(BaseModel):
    """A deduplicated event: the first delivery of its (topic, event_id)."""

    model_config = example(**EVENT)

    topic: str
    event_id: str
    timestamp: str = Field(description="when it happened, as its publisher says; UTC")
    source: str
    payload: dict[str, Any] = Field(description="the very text that was sent")
    partition: int
    position: int = Field(description="of its first delivery")
    received_at: str
    processed_at: str = Field(description="when the live version projected it: a rebuild gives it a new one")


class Copy(BaseModel):
    """One delivery of an event."""

    delivery: str = Field(description="partition:position")
    received_at: str
    outcome: Outcome


class EventWithDeliveries(Event):
    """An event and its deliveries in log order, at most 1,000 of them."""

    model_config = example(
        **EVENT,
        deliveries=[
            {"delivery": "3:1042", "received_at": "2025-10-21T10:00:00.123456Z", "outcome": "unique"},
            {"delivery": "3:1050", "received_at": "2025-10-21T10:00:03.200Z", "outcome": "duplicate"},
        ],
        deliveries_complete=True,
    )

    deliveries: list[Copy]
    deliveries_complete: bool = Field(description="false where there are more than are listed")


class Delivery(BaseModel):
    """One row of the log."""

    model_config = example(
        delivery="3:1042",
        topic="payment.notification",
        event_id="3832d20e7-101",
        received_at="2025-10-21T10:00:00.123456Z",
        raw='{"topic": "payment.notification", "event_id": "3832d20e7-101", …}',
        outcome="unique",
    )

    delivery: str
    topic: str
    event_id: str
    received_at: str
    raw: str | None = Field(description="the event's text as received")
    outcome: Outcome


class TopicStats(BaseModel):
    """What is projected of one topic."""

    topic: str
    received: int
    unique_processed: int
    duplicate_dropped: int
    conflicts: int
    quarantined: int


class Stats(BaseModel):
    """The books, all counts from one snapshot."""

    received: int = Field(description="deliveries in the log: unique + duplicate + quarantined + pending")
    unique_processed: int
    duplicate_dropped: int
    conflicts: int = Field(
        description="duplicates whose content differs from the first; a part of duplicate_dropped"
    )
    quarantined: int
    pending: int = Field(description="received and not yet projected")
    topics: int = Field(description="how many topics there are")
    by_topic: list[TopicStats]
    by_topic_age_seconds: float = Field(
        default=0.0,
        description="how long ago the counts by topic were taken, where there are very many; left out where "
        "they are of the same snapshot as all others",
    )
    queue_size: int = Field(description="events that wait for this process's writer")
    workers: int = Field(description="projector workers connected to the database, wherever they run")
    uptime_seconds: int
    started_at: str
    version: str
    balanced: bool = Field(
        description="computed: per partition and in total, every delivery is accounted for once"
    )


class Bucket(BaseModel):
    """How many deliveries were received in one bucket."""

    start: str
    received: int
    topic: str | None = Field(default=None, description="left out where all topics are counted together")


class Timeline(BaseModel):
    """Deliveries over time, by start, then topic; buckets without any are left out."""

    bucket: Literal["minute", "hour", "day"]
    complete: bool = Field(description="false when there are more counts than `limit`")
    counts: list[Bucket]


class Cause(BaseModel):
    """Deliveries that were set aside for one reason."""

    projection: str
    sqlstate: str
    cause: str
    deliveries: int
    first_at: str
    last_at: str
    latest: list[str] = Field(description="the latest ten deliveries, as partition:position")


class Retried(BaseModel):
    """What became of a delivery that was in quarantine."""

    projection: str
    delivery: str = Field(description="partition:position")
    topic: str
    event_id: str
    outcome: Literal["unique", "duplicate", "conflict", "ignored", "quarantined"]
    cause: str | None = Field(description="why it is still in quarantine")


class Retry(BaseModel):
    """What the retry of one event changed."""

    number: int = Field(description="1, 2, 3 … of its projection, without gaps")
    projection: str
    version: int
    topic: str
    event_id: str
    deliveries: list[str] = Field(description="those whose outcome is another than before")
    unique_processed: int = Field(description="by how much it changed, as all counts here")
    duplicate_dropped: int
    conflicts: int
    quarantined: int
    retried_at: str


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """Whether this process can append and read."""

    status: Literal["ok", "unavailable"]
    database: str = Field(description="`ok`, or what is wrong with it")
    queue: Literal["ok", "full"]


class Health(Ready):
    """Alive and ready, and who works."""

    status: Literal["ok", "degraded", "unavailable"]  # type: ignore[assignment]
    workers: int | None = Field(description="projector workers connected to the database; none is degraded")
    dropped: list[str] = Field(default=[], description="projections that are dropped; left out if none is")
    standing_still: list[str] = Field(
        default=[], description="projections without progress, and why; left out if there is none"
    )


class Finding(BaseModel):
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "warning", "failed"]
    found: str = Field(description="how it is")
    mend: str = Field(description="what to do about it; empty where it is ok")


class Place(BaseModel):
    """How far a projection is in one partition."""

    partition: int
    checkpoint: int | None = Field(description="the last position that is projected; null while dropped")
    head: int
    lag_deliveries: int | None
    lag_seconds: float | None = Field(description="age of its oldest delivery that is not projected")


class UnderWay(BaseModel):
    """What is done to a projection, and how far that is."""

    id: str
    kind: Literal["rebuild", "verify", "drop"]
    phase: str
    done: int = Field(description="deliveries")
    total: int
    rate: float = Field(description="deliveries a second")
    eta_seconds: float | None


class Projection(BaseModel):
    """One projection."""

    name: str
    state: Literal["live", "rebuilding", "dropped"]
    version: int | None = Field(description="the live one; null while it is dropped")
    fits: bool = Field(description="false where it was made by other code than this: rebuild it")
    lag_deliveries: int | None
    lag_seconds: float | None = Field(description="age of the oldest delivery that is not projected")
    rate: float = Field(description="deliveries projected a second, in the last minute")
    quarantined: int
    failure: str | None = Field(description="why it makes no progress, if not for its content")
    partitions: list[Place]
    operation: UnderWay | None


class Begun(BaseModel):
    """An operation has begun."""

    status: Literal["accepted"]
    operation: str = Field(description="its id; Location has its address")


class Operation(BaseModel):
    """A rebuild, a verification or a drop."""

    id: str
    kind: Literal["rebuild", "verify", "drop"]
    projection: str
    state: Literal["running", "done", "failed", "cancelled"]
    result: Literal["equal", "differs"] | None = Field(
        description="of a verification that is done: whether the projection equals a replay of the log"
    )
    phase: str
    done: int = Field(description="deliveries")
    total: int
    rate: float = Field(description="deliveries a second")
    eta_seconds: float | None
    started_at: str
    updated_at: str
    finished_at: str | None
    error: str | None
    detail: dict[str, Any] = Field(description="what came out of it; of a verification, what differs")


class TableColumn(BaseModel):
    """A column of an answer."""

    name: str
    type: str = Field(description="by PostgreSQL's name, such as `int8`")


class Table(BaseModel):
    """What a statement answers."""

    model_config = example(
        columns=[{"name": "topic", "type": "text"}, {"name": "received", "type": "int8"}],
        rows=[["payment.notification", 1042]],
        row_count=1,
        truncated=False,
        elapsed_ms=3.2,
    )

    columns: list[TableColumn]
    rows: list[list[Any]] = Field(
        description="numbers that JSON's readers cannot hold exactly are strings; moments are RFC 3339"
    )
    row_count: int
    truncated: bool = Field(description="there are more rows than `limit`, or than fit 4 MiB")
    elapsed_ms: float


class QuestionParameter(BaseModel):
    """What a saved question wants to know."""

    name: str
    type: str
    default: str | None = Field(description="null: it must be given")
    description: str


class Question(BaseModel):
    """A saved question."""

    name: str
    title: str
    description: str
    parameters: list[QuestionParameter]
    sql: str


class ViewColumn(BaseModel):
    """A column of an audit view."""

    name: str
    type: str
    comment: str


class View(BaseModel):
    """An audit view."""

    name: str
    comment: str
    columns: list[ViewColumn]


class AuditSchema(BaseModel):
    """What can be asked."""

    schema_: str = Field(alias="schema")
    views: list[View]


class Index(BaseModel):
    """Where everything is."""

    name: str
    version: str
    routes: dict[str, str]
