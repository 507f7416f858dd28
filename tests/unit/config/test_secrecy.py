"""No secret appears anywhere: not in what is shown, not in a repr, not in an error, not in a traceback."""

import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.explain import show_json, show_text
from config.loader import load, read
from config.origins import InvalidConfigError
from config.reference import FULL_EXAMPLE
from tests.support.config_files import EXAMPLE_ENVIRONMENT, read_text, write

FILE_SECRET = "bait-from-a-file"
WITH_FILE = (
    "channels:\n  slack:\n    token_file: token\n    proxy: '${PROXY}'\n    base_url: 'https://${PROXY}.example/'\n"
)


def _assert_discreet(text: str, *secrets: str) -> None:
    assert not [secret for secret in secrets if secret in text or repr(secret)[1:-1] in text]


def test_no_secret_is_shown_or_in_a_repr() -> None:
    loaded = read(FULL_EXAMPLE, EXAMPLE_ENVIRONMENT, require_sources=True)
    settings = loaded.settings
    shown = [show_text(loaded), show_json(loaded)]
    spoken = [repr(settings), str(settings), repr(loaded), str(loaded), repr(loaded.origins), str(settings.kafka.sasl)]
    written = [settings.model_dump_json(), repr(settings.model_dump())]

    for text in shown + spoken + written:
        _assert_discreet(text, *EXAMPLE_ENVIRONMENT.values())
    assert all(text.count("(secret)") == len(EXAMPLE_ENVIRONMENT) for text in shown)


def test_a_secret_that_was_put_into_another_value_is_not_shown_there(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(FILE_SECRET)
    loaded = read_text(tmp_path, WITH_FILE, {"PROXY": "bait-proxy"})

    for text in (show_text(loaded), show_json(loaded)):
        _assert_discreet(text, FILE_SECRET, "bait-proxy")
        assert "https://(secret).example/" in text


@pytest.mark.parametrize(
    "text",
    [
        "channels: {slack: {token: '${T}', base_url: '${T}'}}",
        "channels: {slack: {token: '${T}', timeout: '${T}'}}",
        "channels: {slack: {token: '${T}', tokn: '${T}'}}",
        "channels: {slack: ['${T}']}",
        "channels: {slack: '${T}'}",
        "channels: {email: {host: '${T}', sender: '${T}', security: '${T}', port: '${T}', password: '${T}'}}",
        "fallback_squad: '${T}'",
        "services: {api: {depends_on: ['${T}'], squad: '${T}', objectives: [{metric: m, above: '${T}', for: '${T}'}]}}",
        "sources: [{topic: '${T}', kind: '${T}', format: '${T}'}, {topic: 'x-${T}-x'}]",
        "squads: {a: {slack: '${T}'}}",
        "clients: {a: {name: a, contacts: [{email: '${T}'}], locale: '${T}', timezone: '${T}', journeys: ['${T}']}}",
        "kafka: {brokers: ['${T}'], topic_prefix: '${T}', ca_file: '${T}', security: tls}",
        "channels: {slack: {token_file: '${T}'}}",
        "log: {level: '${T}'}",
    ],
)
@pytest.mark.parametrize("secret", ["bait secret: 'x' \"y\" \\", "xoxb-bait", "bait\nwith\x07lines"])
def test_no_error_repeats_what_came_from_outside_the_file(tmp_path: Path, text: str, secret: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(InvalidConfigError) as caught:
        load(path, {"T": secret}, require_sources=True)

    _assert_discreet(str(caught.value), secret)
    _assert_discreet(repr(caught.value), secret)
    _assert_discreet("".join(traceback.format_exception(caught.value)), secret)


@pytest.mark.parametrize(
    "name", ["KAFKA__PARTITIONS", "LOG__LEVEL", "CHANNELS__SLACK", "SOURCES", "STATE__SNAPSHOT_EVERY"]
)
def test_no_error_repeats_an_override(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(write(tmp_path, ""), {f"FORESHOCK__{name}": "bait-override"})

    _assert_discreet(str(caught.value), "bait-override")


def test_no_error_repeats_a_secret_that_stands_in_the_file(tmp_path: Path) -> None:
    text = "channels: {slack: {token: bait-in-the-file, timeout: bait-in-the-file}}"

    with pytest.raises(InvalidConfigError) as caught:
        load(write(tmp_path, text), {})

    _assert_discreet(str(caught.value), "bait-in-the-file")


def test_the_error_does_not_carry_the_error_that_holds_the_input(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(write(tmp_path, "log: {level: x}"), {})

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@settings(deadline=None, max_examples=25)
@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=40))
def test_no_secret_whatever_it_looks_like_is_shown(tmp_path_factory: pytest.TempPathFactory, secret: str) -> None:
    bait = f"bait{secret}bait"
    folder = tmp_path_factory.mktemp("secrecy")

    loaded = read_text(folder, "channels: {slack: {token: '${T}'}}", {"T": bait})

    _assert_discreet(show_text(loaded) + show_json(loaded) + repr(loaded.settings), bait)
