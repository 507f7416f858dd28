import json
import re
from collections.abc import Callable
from pathlib import Path

import yaml

from config.explain import show_json, show_text
from config.loader import Loaded, read
from config.reference import FULL_EXAMPLE, GENERATED_SECTIONS
from tests.support.config_files import EXAMPLE_ENVIRONMENT, read_text
from tests.support.dkim import ED25519_KEY

Golden = Callable[[str, str | bytes], None]
EVERY_ORIGIN = """\
    server: {port: 7000}
    channels:
      slack:
        token_file: token
        base_url: "https://${SLACK_HOST:-slack.com}/api/"
        proxy: ${PROXY}
    """


def _every_origin(folder: Path) -> Loaded:
    (folder / "token").write_text("xoxb-1")
    environ = {"FORESHOCK__LOG__LEVEL": "debug", "FORESHOCK__KAFKA__BROKERS__0": "a:1", "PROXY": "http://p:1"}
    return read_text(folder, EVERY_ORIGIN + "kafka: {brokers: ['b:2', 'c:3']}\n", environ)


def test_every_value_says_where_it_comes_from(tmp_path: Path) -> None:
    rows = {row["path"]: (row["value"], row["origin"]) for row in json.loads(show_json(_every_origin(tmp_path)))}

    assert rows["server.port"] == (7000, "line 1")
    assert rows["server.host"] == ("127.0.0.1", "default")
    assert rows["log.level"] == ("debug", "$FORESHOCK__LOG__LEVEL")
    assert rows["kafka.brokers"] == (["a:1", "c:3"], "line 7; $FORESHOCK__KAFKA__BROKERS__0")
    assert rows["channels.slack.token"] == ("(secret)", "file token, named by line 4")
    assert rows["channels.slack.base_url"] == ("https://slack.com/api/", "line 5, default of ${SLACK_HOST}")
    assert rows["channels.slack.proxy"] == ("(secret)", "line 6, ${PROXY}")
    assert rows["channels.slack.timeout"] == ("10s", "default")


def test_an_origin_is_a_comment_beside_its_value(tmp_path: Path) -> None:
    lines = show_text(_every_origin(tmp_path)).splitlines()

    assert any(re.fullmatch(r"  port: 7000 +# line 1", line) for line in lines)
    assert any(re.fullmatch(r"  level: debug +# \$FORESHOCK__LOG__LEVEL", line) for line in lines)


def test_what_is_shown_reads_back_as_the_same_settings(tmp_path: Path) -> None:
    loaded = read(FULL_EXAMPLE, EXAMPLE_ENVIRONMENT)

    again = read_text(tmp_path, show_text(loaded).replace("(secret)", "${S}"), {"S": ED25519_KEY})

    hidden = {"kafka": {"sasl": {"password"}}, "channels": {"slack": {"token"}, "email": {"password"}}}
    assert again.settings.model_dump(exclude=hidden) == loaded.settings.model_dump(exclude=hidden)


def test_texts_that_yaml_would_misread_are_quoted(tmp_path: Path) -> None:
    services = {"null": "x", "1": "1.5", "a: b": "true", "- c": "é #d", "{e}": "f, g", "'h'": "i ", "~": '"j\\'}
    text = json.dumps({"services": {name: {"runbook": runbook} for name, runbook in services.items()}})

    shown = show_text(read_text(tmp_path, text))

    again = read_text(tmp_path, shown).settings.services
    assert {name: service.runbook for name, service in again.items()} == services
    assert yaml.safe_load(shown)["services"]["a: b"]["runbook"] == "true"


def test_the_full_example_is_shown_as_it_was(golden: Golden) -> None:
    loaded = read(FULL_EXAMPLE, {**EXAMPLE_ENVIRONMENT, "FORESHOCK__SERVER__HOST": "0.0.0.0"})  # noqa: S104 -- only shown

    # Without the components' sections: their defaults belong to their authors, and the schema has them already.
    shown = re.sub(rf"^({'|'.join(GENERATED_SECTIONS)}):\n(?: .*\n)+", "", show_text(loaded) + "\n", flags=re.MULTILINE)

    golden("config/full.txt", shown.replace(str(FULL_EXAMPLE), "full.yaml"))
