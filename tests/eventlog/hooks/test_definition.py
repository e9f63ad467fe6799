"""The file of webhooks: what it says, what is wrong with it, and that it is read again."""

from pathlib import Path

import pytest

from eventlog.hooks import definition as module
from eventlog.hooks.definition import HookFile, HooksFileWrong, read_hooks

SECRET = "s3cret"


def written(folder: Path, text: str, secret: str = SECRET) -> Path:
    (folder / "secret").write_text(f"{secret}\n")
    file = folder / "hooks.toml"
    file.write_text(text)
    return file


def test_a_preset_is_enough_and_may_be_changed(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        [code]
        preset = "github"
        secret_files = ["secret"]
        [orders]
        preset = "hmac"
        header = "X-Signature"
        topic = "orders.{body.kind}"
        event_id = "{body.id}"
        source = "shop"
        secret_files = ["secret", "secret"]
        """,
    )
    hooks = read_hooks(file)
    assert (hooks["code"].source, hooks["code"].keys) == ("code", (b"s3cret",))
    assert (hooks["orders"].rules.header, hooks["orders"].source) == ("x-signature", "shop")
    assert "s3cret" not in repr(hooks)


HMAC = 'preset = "hmac"\nheader = "x"\ntopic = "t"\n'
WRONG = {
    "no TOML": ("[code", "hooks.toml"),
    "no table": ('code = "github"', "code"),
    "unknown preset": ('[code]\npreset = "hub"\nsecret_files = ["secret"]', "preset is one of github"),
    "unknown field": (f"[code]\n{HMAC}secret_files = ['secret']\nsecret = 'x'", "secret"),
    "no secret": (f"[code]\n{HMAC}secret_files = []", "one file, or 2"),
    "three secrets": (f"[code]\n{HMAC}secret_files = ['secret', 'secret', 'secret']", "one file, or 2"),
    "no such file": (f"[code]\n{HMAC}secret_files = ['other']", "other"),
    "no header": ('[code]\npreset = "hmac"\ntopic = "t"\nsecret_files = ["secret"]', "header names"),
    "no topic": ('[code]\npreset = "hmac"\nheader = "x"\nsecret_files = ["secret"]', "topic is missing"),
    "no template": (f"[code]\n{HMAC.replace('t', 't', 1)}event_id = '{{'\nsecret_files = ['secret']", "code"),
    "algorithm": (f"[code]\n{HMAC}algorithm = 'md5'\nsecret_files = ['secret']", "algorithm"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_table(tmp_path: Path, name: str) -> None:
    text, told = WRONG[name]
    with pytest.raises(HooksFileWrong, match=told) as wrong:
        read_hooks(written(tmp_path, text))
    assert "s3cret" not in str(wrong.value)


def test_an_empty_secret_would_let_everybody_in(tmp_path: Path) -> None:
    with pytest.raises(HooksFileWrong, match="secret is empty"):
        read_hooks(written(tmp_path, f"[code]\n{HMAC}secret_files = ['secret']", secret=""))


def test_it_is_read_again_when_a_secret_changes_and_kept_when_it_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    file = written(tmp_path, f"[code]\n{HMAC}secret_files = ['secret']")
    hooks = HookFile(file)

    def keys() -> tuple[bytes, ...] | None:
        found = hooks.find("code")
        return None if found is None else found.keys

    replaced = tmp_path / "new"
    replaced.write_text("changed")
    replaced.replace(tmp_path / "secret")
    assert keys() == (b"changed",)
    file.write_text("[code")
    assert keys() == (b"changed",)
    file.write_text("[other]\n" + HMAC + "secret_files = ['secret']")
    assert keys() is None
