"""Sends one event in headers and structured: python cloudevents_sdk.py URL"""

import sys
from datetime import UTC, datetime

import requests
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

ATTRIBUTES = {
    "source": "/python",
    "type": "sdk.sent",
    "specversion": "1.0",
    "time": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    "subject": "é 50%25",
}
EVENTS = [
    CloudEvent(
        {**ATTRIBUTES, "id": "object", "datacontenttype": "application/json"},
        {"n": 1.5, "deep": [[{"a": None}]]},
    ),
    CloudEvent({**ATTRIBUTES, "id": "text", "datacontenttype": "text/plain"}, 'hi "é"'),
    CloudEvent({**ATTRIBUTES, "id": "bytes", "datacontenttype": "image/png"}, b"\xff\x00\x01"),
    CloudEvent({**ATTRIBUTES, "id": "json bytes", "datacontenttype": "application/json"}, b'{"n": 1}'),
]
for event in EVENTS:
    for message in (to_binary(event, JSONFormat()), to_structured(event, JSONFormat())):
        answer = requests.post(sys.argv[1], data=message.body, headers=message.headers, timeout=10)
        print(answer.status_code)
