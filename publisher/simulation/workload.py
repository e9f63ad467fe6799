"""The deliveries of a simulated load: a pure function of the seed, cheap enough not to be the bottleneck.

Event number k is rendered from (seed, k) alone. So a re-send needs no memory of what was sent: it is
rendered again and comes out the same to the byte, however far back its first delivery lies.
"""

import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

# Where time begins for a seed that somebody chose: the same seed must give the same bytes in any year.
CHOSEN_SEED_EPOCH_MS = 1_761_040_800_000  # 2025-10-21T10:00:00Z
# Seeds from here on were made by fresh_seed(): they are nanoseconds, and time begins where they point.
FRESH_SEED_MIN = 10**18
EVENTS_PER_MILLISECOND = 10

# Knuth's multiplicative hash: consecutive numbers end up far apart, in arithmetic that fits a machine word.
_MIX = 2_654_435_761
_VARIANTS_MIN = 1024
_MILLISECONDS = tuple(f"{n:03d}Z" for n in range(1000))

# Every payload takes the same values: id (the event's number), a small number, a large number, a word.
_KINDS: tuple[tuple[str, str, str], ...] = (
    (
        "payment.notification.received",
        "payment-gateway",
        '{"payment":"pay_%(id)s","customer":%(small)d,"amount":%(large)d,"currency":"VND",'
        '"channel":"%(word)s","settled":true}',
    ),
    (
        "order.cart.submitted",
        "web-shop",
        '{"order":"ord_%(id)s","customer":%(small)d,"total":%(large)d,"items":3,"ship_by":"%(word)s",'
        '"gift":false}',
    ),
    (
        "user.session.started",
        "identity",
        '{"session":"%(id)s","user":%(small)d,"age_ms":%(large)d,"device":"%(word)s","mfa":true,'
        '"locale":"en"}',
    ),
    (
        "inventory.item.reserved",
        "warehouse",
        '{"reservation":"%(id)s","shelf":%(small)d,"sku":%(large)d,"zone":"%(word)s","quantity":2,'
        '"partial":false}',
    ),
    (
        "shipment.parcel.scanned",
        "depot",
        '{"parcel":"%(id)s","depot":%(small)d,"grams":%(large)d,"lane":"%(word)s","damaged":false,'
        '"attempt":1}',
    ),
    (
        "sensor.temperature.measured",
        "plant",
        '{"reading":"%(id)s","sensor":%(small)d,"millikelvin":%(large)d,"unit":"%(word)s",'
        '"calibrated":true,"flags":[]}',
    ),
    (
        "invoice.document.issued",
        "billing",
        '{"invoice":"inv_%(id)s","account":%(small)d,"net":%(large)d,"terms":"%(word)s","tax":"0.19",'
        '"paid":null}',
    ),
    (
        "mail.message.delivered",
        "mailer",
        '{"message":"<%(id)s@mail>","recipient":%(small)d,"bytes":%(large)d,"class":"%(word)s",'
        '"bounced":false}',
    ),
    (
        "trade.order.filled",
        "exchange",
        '{"fill":"%(id)s","book":%(small)d,"price":%(large)d,"side":"%(word)s","quantity":"12.50",'
        '"maker":true}',
    ),
    (
        "ticket.comment.added",
        "helpdesk",
        '{"comment":"%(id)s","ticket":%(small)d,"length":%(large)d,"mood":"%(word)s",'
        '"text":"Grüße, it works again","internal":false}',
    ),
)
_WORDS = ("amber", "cobalt", "copper", "ivory", "jade", "olive", "pearl", "slate")


@dataclass(frozen=True, slots=True)
class PublishBatch:
    """A request body, ready to send, and how many deliveries it holds."""

    body: bytes
    events: int


def fresh_seed() -> int:
    """Make a seed that no other run has; giving it as --seed repeats the run byte for byte."""
    return time.time_ns() // 1_000_000 * 1_000_000 + random.SystemRandom().randrange(1_000_000)


def topic_names(count: int) -> list[str]:
    """Return `count` different names of the form domain.entity.action."""
    names = [topic for topic, _, _ in _KINDS]
    rounds = range(1, (count - 1) // len(names) + 1)
    return (names + [f"{name.replace('.', f'-{n + 1}.', 1)}" for n in rounds for name in names])[:count]


class Workload:
    """`events` deliveries, of which exactly round(events × duplicates) repeat an earlier one to the byte."""

    def __init__(self, *, events: int, duplicates: float, topics: int, seed: int) -> None:
        """Shapes: events ≥ 1, 0 ≤ duplicates < 1, topics ≥ 1; the first delivery is never a repeat."""
        self.events = events
        self.repeats = min(round(events * duplicates), events - 1)
        self.unique = events - self.repeats
        self.topics = topic_names(topics)
        self.seed = seed
        self._publisher = str(uuid.UUID(int=random.Random(seed).getrandbits(128), version=4))
        self._epoch_ms = seed // 1_000_000 if seed >= FRESH_SEED_MIN else CHOSEN_SEED_EPOCH_MS
        self._middle = f"-{self._publisher}-"
        self._variants = self._render_variants()
        self._seconds: dict[int, str] = {}

    def key(self, number: int) -> tuple[str, str]:
        """Return (topic, event_id) of event `number`, 0 ≤ number < unique."""
        moment = self._epoch_ms + number // EVENTS_PER_MILLISECOND
        topic = self.topics[number * _MIX % len(self._variants) % len(self.topics)]
        return topic, f"{moment}-{self._publisher}-{number}"

    def render(self, number: int) -> str:
        """Return the JSON text of event `number`."""
        moment = self._epoch_ms + number // EVENTS_PER_MILLISECOND
        second, millisecond = divmod(moment, 1000)
        text = self._seconds.get(second) or self._second(second)
        variants = self._variants
        before, after, end = variants[number * _MIX % len(variants)]
        # An f-string of ready pieces: half the time of `template % values`, a tenth of json.dumps.
        return f"{before}{moment}{self._middle}{number}{text}{_MILLISECONDS[millisecond]}{after}{number}{end}"

    def batches(self, size: int) -> Iterator[PublishBatch]:
        """Yield the whole load as request bodies (JSON arrays) of `size` deliveries, the last one shorter."""
        numbers = self.sequence()
        render = self.render
        for first in range(0, self.events, size):
            count = min(size, self.events - first)
            texts = [render(next(numbers)) for _ in range(count)]
            yield PublishBatch(b"[" + ",".join(texts).encode() + b"]", count)

    def sequence(self) -> Iterator[int]:
        """Yield the event number of every delivery in sending order.

        Selection sampling: at each place a repeat is drawn with the probability (repeats left) ÷ (places
        left), so the total is exact and neither places nor events need to be remembered.
        """
        chance = random.Random(f"sequence {self.seed}").random
        sent, repeats_left = 0, self.repeats
        for places_left in range(self.events, 0, -1):
            # Place 0 has nothing to repeat; the others can hold all repeats since unique ≥ 1.
            if sent and chance() * places_left < repeats_left:
                repeats_left -= 1
                yield int(chance() * sent)
            else:
                yield sent
                sent += 1

    def _second(self, second: int) -> str:
        text = datetime.fromtimestamp(second, UTC).strftime('","timestamp":"%Y-%m-%dT%H:%M:%S.')
        self._seconds[second] = text
        return text

    def _render_variants(self) -> list[tuple[str, str, str]]:
        """Format ahead all of an event but its number and time; every topic gets the same share of them."""
        chance = random.Random(f"variants {self.seed}")
        count = len(self.topics) * -(-_VARIANTS_MIN // len(self.topics))
        return [
            _variant(i % len(self.topics), self.topics[i % len(self.topics)], chance) for i in range(count)
        ]


def _variant(kind: int, topic: str, chance: random.Random) -> tuple[str, str, str]:
    """Return an event's text in three pieces: up to its id, between its time and number, and the rest."""
    _, source, payload = _KINDS[kind % len(_KINDS)]
    values = {
        "id": "\0",
        "small": chance.randrange(100_000),
        "large": chance.randrange(10_000_000),
        "word": chance.choice(_WORDS),
    }
    before, after = (payload % values).split("\0")
    source = f"{source}-{chance.choice('ABCDEFGH')}"
    return f'{{"topic":"{topic}","event_id":"', f'","source":"{source}","payload":{before}', f"{after}}}"
