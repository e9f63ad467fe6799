"""Read the log and its core projection. Nothing here writes, parses a payload or knows of HTTP.

Every function takes a session of role `reader`, in autocommit, and begins the one short transaction
that it needs. Databases errors pass as they are, but for a projection that is dropped.
"""

from eventlog.timestamps import rfc3339
from projections.read.deliveries import LoggedDelivery, delivery, outcomes
from projections.read.events import ByTime, Event, Page, TimeKey, event, page_by_time
from projections.read.log_order import ByPosition, LogPage, ends, page_by_position, require_within
from projections.read.quarantine import Cause, quarantined
from projections.read.session import ReadSession
from projections.read.stats import Books, books
from projections.read.topics import EVERY_TOPIC, TopicRange, topics_like

__all__ = [
    "EVERY_TOPIC",
    "Books",
    "ByPosition",
    "ByTime",
    "Cause",
    "Event",
    "LogPage",
    "LoggedDelivery",
    "Page",
    "ReadSession",
    "TimeKey",
    "TopicRange",
    "books",
    "delivery",
    "ends",
    "event",
    "outcomes",
    "page_by_position",
    "page_by_time",
    "quarantined",
    "require_within",
    "rfc3339",
    "topics_like",
]
