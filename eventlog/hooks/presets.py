"""How well-known providers sign their webhooks, and where in them an event's fields are.

Each as its documentation says: GitHub's "Validating webhook deliveries", GitLab's "Webhooks", Stripe's
"Resolve webhook signature verification errors", Slack's "Verifying requests from Slack", Shopify's "Validate
HTTPS webhook deliveries", and the specification of Standard Webhooks 1.0.
"""

from typing import Literal

import msgspec

Scheme = Literal["body", "token", "stripe", "slack", "standard"]


class HookPreset(msgspec.Struct, frozen=True, kw_only=True):
    """What a definition need not say itself.

    scheme: what is signed: the body alone; the time and the body, as Stripe, Slack or Standard Webhooks do
    it; or nothing, where a token comes with each request. header, prefix, algorithm and encoding are of
    "body" and "token". The templates name values as `header.NAME` and `body.PATH`.
    """

    scheme: Scheme = "body"
    header: str = ""
    prefix: str = ""
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    topic: str = ""
    event_id: str = ""
    time: str = ""


PRESETS = {
    "github": HookPreset(
        header="x-hub-signature-256",
        prefix="sha256=",
        topic="github.{header.x-github-event}",
        event_id="{header.x-github-delivery}",
    ),
    "gitlab": HookPreset(
        scheme="token",
        header="x-gitlab-token",
        topic="gitlab.{body.object_kind}",
        # The same in each try; older servers send no such header.
        event_id="{header.idempotency-key}",
    ),
    "stripe": HookPreset(
        scheme="stripe", topic="stripe.{body.type}", event_id="{body.id}", time="{body.created}"
    ),
    "slack": HookPreset(
        scheme="slack", topic="slack.{body.event.type}", event_id="{body.event_id}", time="{body.event_time}"
    ),
    "shopify": HookPreset(
        header="x-shopify-hmac-sha256",
        encoding="base64",
        topic="shopify.{header.x-shopify-topic}",
        event_id="{header.x-shopify-webhook-id}",
        time="{header.x-shopify-triggered-at}",
    ),
    "standard": HookPreset(
        scheme="standard",
        topic="webhook.{body.type}",
        event_id="{header.webhook-id}",
        time="{header.webhook-timestamp}",
    ),
    "hmac": HookPreset(),
}
