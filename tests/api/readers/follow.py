"""Follow a stream with one of PyPI's readers: python follow.py READER URL. Neither comes back by itself."""

import json
import sys
import time
from collections.abc import Iterator

PAUSE_SECONDS = 0.1


def by_sseclient(url: str, place: str) -> Iterator[tuple[str, str, str]]:
    import requests
    import sseclient  # type: ignore[import-not-found]

    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": place} if place else {})}
    with requests.get(url, headers=headers, stream=True, timeout=40) as answer:
        answer.raise_for_status()
        for message in sseclient.SSEClient(answer).events():
            yield message.event, message.id, message.data


def by_httpx_sse(url: str, place: str) -> Iterator[tuple[str, str, str]]:
    import httpx  # type: ignore[import-not-found]
    import httpx_sse  # type: ignore[import-not-found]

    headers = {"Last-Event-ID": place} if place else {}
    with (
        httpx.Client(timeout=40) as client,
        httpx_sse.connect_sse(client, "GET", url, headers=headers) as source,
    ):
        source.response.raise_for_status()
        for message in source.iter_sse():
            yield message.event, message.id, message.data


def follow(reader: str, url: str) -> None:
    read = {"sseclient-py": by_sseclient, "httpx-sse": by_httpx_sse}[reader]
    place = ""
    while True:
        try:
            for kind, reached, data in read(url, place):
                place = reached
                if kind == "place":
                    print("place", flush=True)
                elif kind == "message":
                    event = json.loads(data)
                    print(f"{event['partition']}:{event['position']}", flush=True)
        except Exception as error:
            print(type(error).__name__, file=sys.stderr)
        time.sleep(PAUSE_SECONDS)


follow(*sys.argv[1:])
