"""`eventlog stats` and `eventlog tail`, as processes."""

import json
import signal
import subprocess

import httpx2
import psycopg

from tests.support.command_line import COMMAND, eventlog
from tests.support.events import event
from tests.support.reading import at_second, published
from tests.support.waiting import until


def test_stats_are_a_table_for_people_and_json_for_programs(api: str, client: httpx2.Client) -> None:
    published(client, [at_second(1, topic="a.b"), at_second(1, topic="a.b"), at_second(2, topic="c.d")])
    shown = eventlog("stats", "--url", api)
    assert shown.returncode == 0, shown.stderr
    for word in ("received", "duplicates", "balanced", "yes", "a.b", "c.d"):
        assert word in shown.stdout
    answered = json.loads(eventlog("stats", "--json", "--topics", "1", "--url", api).stdout)
    assert (answered["received"], answered["duplicate_dropped"]) == (3, 1)
    assert [row["topic"] for row in answered["by_topic"]] == ["a.b"]
    one = json.loads(eventlog("stats", "--json", "--topic", "c.d", "--url", api).stdout)
    assert [row["topic"] for row in one["by_topic"]] == ["c.d"]


def test_stats_that_do_not_balance_exit_with_3(api: str, client: httpx2.Client, superuser_dsn: str) -> None:
    published(client, [event()])
    with psycopg.connect(superuser_dsn) as somebody:
        somebody.execute("DELETE FROM core_1.stats_deltas")
    shown = eventlog("stats", "--url", api)
    assert shown.returncode == 3
    assert "NO" in shown.stdout


def test_tail_shows_the_last_events_oldest_first(api: str, client: httpx2.Client) -> None:
    published(client, [at_second(second, topic=f"t.{second % 2}") for second in range(8)])
    shown = eventlog("tail", "-n", "3", "--json", "--url", api)
    assert [json.loads(line)["event_id"] for line in shown.stdout.splitlines()] == ["e0005", "e0006", "e0007"]
    of_one = eventlog("tail", "t.1", "-n", "2", "--url", api)
    assert [line.split()[2] for line in of_one.stdout.splitlines()] == ["e0005", "e0007"]


def test_tail_follows_each_event_once_until_it_is_interrupted(api: str, client: httpx2.Client) -> None:
    published(client, [at_second(second) for second in range(5)])
    with subprocess.Popen(
        [*COMMAND, "tail", "-f", "-n", "2", "--json", "--url", api], stdout=subprocess.PIPE, text=True
    ) as tailing:
        assert tailing.stdout is not None
        shown = [json.loads(tailing.stdout.readline())["event_id"] for _ in range(2)]
        # Older by its own time, and a repeat: the one is new, the other is not.
        published(client, [at_second(4), event(event_id="old", timestamp="2001-01-01T00:00:00Z")])
        published(client, [at_second(5, topic="another"), at_second(6)])
        shown += [json.loads(tailing.stdout.readline())["event_id"] for _ in range(3)]
        assert shown == ["e0003", "e0004", "old", "e0005", "e0006"]
        tailing.send_signal(signal.SIGINT)
        rest, _ = tailing.communicate(timeout=20)
    assert (tailing.returncode, rest) == (130, "")


def test_what_a_terminal_would_act_upon_is_shown_as_an_escape(api: str, client: httpx2.Client) -> None:
    payload = {"text": "\x7f\x9b31m red \u202e backwards"}
    published(client, [event(source="\u2066s", payload=payload)])
    for arguments in (["tail"], ["tail", "--json"]):
        shown = eventlog(*arguments, "--url", api).stdout
        assert not {"\x7f", "\x9b", "\u202e", "\u2066"} & set(shown)
        assert "\\u009b31m" in shown
    assert json.loads(eventlog("tail", "--json", "--url", api).stdout)["payload"] == payload


def test_numbers_are_shown_as_they_were_sent(api: str, client: httpx2.Client) -> None:
    body = (
        '{"topic":"a","event_id":"1","timestamp":"2025-10-21T10:00:00Z","source":"s",\n'
        '"payload":{ "n" :\n 1.10, "big": 12345678901234567890.0 }}'
    )
    headers = {"Content-Type": "application/json", "Prefer": "wait=10"}
    assert client.post("/publish", content=body, headers=headers).status_code == 200
    assert '{"n":1.10,"big":12345678901234567890.0}' in eventlog("tail", "--url", api).stdout


def test_a_reader_that_has_enough_is_no_error(api: str, client: httpx2.Client) -> None:
    published(client, [at_second(second, payload={"text": "x" * 2_000}) for second in range(300)])
    with subprocess.Popen(
        [*COMMAND, "tail", "-n", "300", "--url", api],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as tailing:
        assert tailing.stdout is not None
        assert tailing.stderr is not None
        tailing.stdout.readline()
        tailing.stdout.close()
        said = tailing.stderr.read()
    assert (tailing.returncode, said) == (0, "")


def test_an_api_that_is_not_there_exits_with_4_and_the_mend() -> None:
    for name in ("stats", "tail"):
        shown = eventlog(name, "--url", "http://127.0.0.1:1")
        assert (shown.returncode, shown.stdout) == (4, "")
        assert "eventlog up" in shown.stderr


def test_an_api_that_cannot_answer_says_why(api: str, database: str) -> None:
    assert eventlog("drop", "core", "--yes", EVENTLOG_DSN=database).returncode == 0
    shown = eventlog("stats", "--url", api)
    assert shown.returncode == 4
    assert shown.stderr.startswith(f"eventlog: {api} answered 503 projection_dropped: ")
    assert "running?" not in shown.stderr


def test_a_refused_request_and_a_url_that_is_none_are_told_apart(api: str) -> None:
    refused = eventlog("tail", "a*b", "--url", api)
    assert refused.returncode == 1
    assert "topic" in refused.stderr
    assert eventlog("stats", "--url", "nothing://").returncode == 2


def test_following_goes_on_from_what_was_there_when_it_began(api: str, client: httpx2.Client) -> None:
    published(client, [at_second(second) for second in range(5)])
    with subprocess.Popen(
        [*COMMAND, "tail", "order.*", "-f", "-n", "0", "--url", api], stdout=subprocess.PIPE, text=True
    ) as tailing:
        assert tailing.stdout is not None
        sent = 0

        def seen() -> bool:
            nonlocal sent
            sent += 1
            published(client, [at_second(100 + sent), event(topic="not.asked.for", event_id=str(sent))])
            return tailing.poll() is not None or _readable(tailing)

        until(seen, deadline_seconds=20)
        assert tailing.stdout.readline().split()[1] == "order.created"
        tailing.kill()


def _readable(process: subprocess.Popen[str]) -> bool:
    import select

    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], 0.05)[0])
