"""What a definition may say."""

import pytest

from eventlog.ingest.definition import DefinitionWrong, IngestDefinition

WRONG = {
    "an open brace": IngestDefinition("a.{body.x"),
    "a value of nowhere": IngestDefinition("a.{x}"),
    "a conversion": IngestDefinition("a.{body.x!r}"),
    "no topic": IngestDefinition(""),
    "no identity": IngestDefinition("a", ""),
    "a source with a control character": IngestDefinition("a", source="\n"),
    "too long": IngestDefinition("a" * 10_001),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_can_make_no_event_is_refused(name: str) -> None:
    with pytest.raises(DefinitionWrong):
        WRONG[name].require_sound("web")


@pytest.mark.parametrize("name", ["", "A", "a/b", "-a", "a" * 64])
def test_a_name_fits_an_address(name: str) -> None:
    with pytest.raises(DefinitionWrong):
        IngestDefinition("a").require_sound(name)
    IngestDefinition("a.{body.x}", "{header.x-id}", "{body.t}", "{body.host}").require_sound("web-1")
