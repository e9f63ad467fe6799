"""How long the event browser and the saved questions take over a large log.

python -m tests.eventlog.audit.at_scale --deliveries 10000000

Everything goes through the API, as the web console asks it: pages of 50 events, and each saved question
with its defaults, which cover all of the log, since it was received just now. Prints JSON, in milliseconds.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from urllib.parse import quote

import httpx2

from eventlog.audit.questions import questions
from eventlog.embedded import EmbeddedServer
from projections.install import set_up
from publisher.simulation.workload import Workload
from tests.benchmarks.rebuild import PARTITIONS, TOPICS, fill_log
from tests.benchmarks.service import service
from tests.support.postgres import short_directory

TIMES = 20
# Questions over all of the log take a while each.
TIMES_OF_QUESTIONS = 3

Ask = Callable[[], httpx2.Response]


def main() -> int:
    """Fill a log, project it, ask, and print what was found."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--deliveries", type=int, default=1_000_000)
    chosen = arguments.parse_args()
    with short_directory() as folder, EmbeddedServer(folder) as server:
        set_up(server.dsn, PARTITIONS)
        fill_log(server, chosen.deliveries)
        began = time.monotonic()
        with service(server.dsn, 2) as running:
            host, port = running.addresses[0]
            with httpx2.Client(base_url=f"http://{host}:{port}", timeout=120) as client:
                while client.get("/stats").json()["pending"]:
                    time.sleep(0.5)
                projected = chosen.deliveries / (time.monotonic() - began)
                found = {name: measure(ask, TIMES) for name, ask in browsing(client).items()}
                found |= {name: measure(ask, TIMES_OF_QUESTIONS) for name, ask in asking(client).items()}
                balanced = client.get("/stats").json()["balanced"]
    print(
        json.dumps(
            {
                "deliveries": chosen.deliveries,
                "projected_per_second": round(projected),
                "balanced": balanced,
                "milliseconds": found,
            },
            indent=1,
        )
    )
    return 0


def measure(ask: Ask, times: int) -> dict[str, float | int]:
    """Ask again and again; what is not answered with 200 is counted."""
    taken = []
    refused = 0
    for _ in range(times):
        began = time.perf_counter()
        refused += ask().status_code != 200
        taken.append((time.perf_counter() - began) * 1e3)
    return {"median": round(statistics.median(taken), 1), "worst": round(max(taken), 1), "refused": refused}


def browsing(client: httpx2.Client) -> dict[str, Ask]:
    """Return what the pages of the console ask for."""
    chance = random.Random(7)
    load = Workload(events=1_000, duplicates=0.0, topics=TOPICS, seed=7)
    known = [
        (event["topic"], event["event_id"])
        for batch in load.batches(1_000)
        for event in json.loads(batch.body)
    ]

    def page(**parameters: str) -> Ask:
        return lambda: client.get("/events", params={"limit": 50, "order": "desc", **parameters})

    def event() -> httpx2.Response:
        topic, event_id = chance.choice(known)
        return client.get(f"/events/{quote(topic, safe='')}/{quote(event_id, safe='')}")

    return {
        "the latest events": page(),
        "of one topic": page(topic=known[0][0]),
        "of a prefix": page(topic=known[0][0].split(".")[0] + ".*"),
        "of a topic that is not there": page(topic="no.such.topic"),
        "of one source": page(source="nobody"),
        "of one id": page(event_id=known[0][1]),
        "one event with its deliveries": event,
        "the books and topics": lambda: client.get("/stats"),
        "over time": lambda: client.get("/timeline"),
        "projections": lambda: client.get("/projections"),
    }


def asking(client: httpx2.Client) -> dict[str, Ask]:
    """Return the saved questions, each with its defaults."""

    def ask(name: str) -> Ask:
        given = (
            {"topic": "payment.notification.received", "event_id": "1"} if name == "was_it_received" else {}
        )
        return lambda: client.post("/sql", json={"question": name, "parameters": given})

    return {f"question {question.name}": ask(question.name) for question in questions().values()}


if __name__ == "__main__":
    sys.exit(main())
