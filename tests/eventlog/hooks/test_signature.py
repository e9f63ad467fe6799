"""Signatures of webhooks: the providers' own examples, and what must not pass."""

import base64
import hmac

import pytest

from eventlog.hooks.presets import PRESETS, HookPreset
from eventlog.hooks.signature import SignatureRefused, key_of, require_signature

# Each provider's documentation has such an example: secret, headers, body, the moment.
EXAMPLES: dict[str, tuple[str, dict[str, str], bytes, float]] = {
    "github": (
        "It's a Secret to Everybody",
        {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        b"Hello, World!",
        0,
    ),
    "slack": (
        "8f742231b10e8888abcd99yyyzzz85a5",
        {
            "x-slack-request-timestamp": "1531420618",
            "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        1531420618,
    ),
    "standard": (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1a,xx v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
        1614265330,
    ),
}


def headers_of(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


def require(rules: HookPreset, secret: str, headers: dict[str, str], body: bytes, now: float) -> None:
    keys = [key_of(rules.scheme, secret)]
    require_signature(rules, keys, headers_of(headers), body, now=now, tolerance_seconds=300)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_provider_is_right_and_no_other_body_or_secret_is(name: str) -> None:
    secret, headers, body, now = EXAMPLES[name]
    rules = PRESETS[name]
    require(rules, secret, headers, body, now)
    other = "whsec_" + base64.b64encode(b"other").decode() if name == "standard" else "other"
    for wrong_secret, wrong_body in ((secret, body + b" "), (other, body)):
        with pytest.raises(SignatureRefused, match="another"):
            require(rules, wrong_secret, headers, wrong_body, now)


@pytest.mark.parametrize("name", ["slack", "standard"])
@pytest.mark.parametrize("away", [-301, 301])
def test_what_was_signed_long_ago_or_later_is_refused(name: str, away: int) -> None:
    secret, headers, body, now = EXAMPLES[name]
    with pytest.raises(SignatureRefused, match="300 s away"):
        require(PRESETS[name], secret, headers, body, now + away)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("value", [None, "", "nonsense", "sha256=", "v1,", "t=1,v1=", "é"])
def test_without_a_signature_nothing_passes(name: str, value: str | None) -> None:
    rules = (
        PRESETS[name] if PRESETS[name].header else HookPreset(scheme=PRESETS[name].scheme, header="x-sign")
    )
    every = (rules.header, "stripe-signature", "x-slack-signature", "webhook-signature")
    headers = {} if value is None else dict.fromkeys(every, value)
    headers |= {"webhook-id": "1", "webhook-timestamp": "5", "x-slack-request-timestamp": "5"}
    secret = "whsec_" + base64.b64encode(b"s").decode() if rules.scheme == "standard" else "s"
    with pytest.raises(SignatureRefused):
        require(rules, secret, headers, b"{}", 5)


def test_stripe_signs_the_time_and_may_sign_with_two_secrets() -> None:
    def sign(secret: str) -> str:
        return hmac.digest(secret.encode(), b'1614265330.{"id":"evt_1"}', "sha256").hex()

    header = f"t=1614265330,v1={sign('old')},v1={sign('new')},v0=00"
    for secret in ("old", "new"):
        require(PRESETS["stripe"], secret, {"stripe-signature": header}, b'{"id":"evt_1"}', 1614265330)
    with pytest.raises(SignatureRefused):
        require(PRESETS["stripe"], "third", {"stripe-signature": header}, b'{"id":"evt_1"}', 1614265330)
    moved = header.replace("t=1614265330", "t=1614265331")
    with pytest.raises(SignatureRefused):
        require(PRESETS["stripe"], "new", {"stripe-signature": moved}, b'{"id":"evt_1"}', 1614265330)


def test_shopify_signs_in_base_64_and_gitlab_sends_a_token() -> None:
    signature = base64.b64encode(hmac.digest(b"s", b"{}", "sha256")).decode()
    require(PRESETS["shopify"], "s", {"x-shopify-hmac-sha256": signature}, b"{}", 0)
    require(PRESETS["gitlab"], "token", {"x-gitlab-token": "token"}, b"{}", 0)
    with pytest.raises(SignatureRefused):
        require(PRESETS["gitlab"], "token", {"x-gitlab-token": "tokens"}, b"{}", 0)


@pytest.mark.parametrize("secret", ["whsec_!", "é"])
def test_a_secret_of_standard_webhooks_is_in_base_64(secret: str) -> None:
    with pytest.raises(ValueError, match=r"base 64|ASCII"):
        key_of("standard", secret)
