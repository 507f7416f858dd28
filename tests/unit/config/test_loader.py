from pathlib import Path

import pytest

from config.loader import load, load_with_environment
from config.origins import SHOWN, Environment, InvalidConfigError, SecretFile, Written
from domain.errors import ConfigError
from tests.support.config_files import errors_of, read_text, write

SLACK = "squads: {ops: {slack: '#ops'}}\nchannels:\n  slack:\n    "


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    settings = read_text(tmp_path, "").settings

    assert settings.kafka.brokers == ("localhost:9092",)
    assert settings.server.port == 6066
    assert settings.state.snapshot_every_s == 5.0


def test_the_file_goes_before_the_defaults_and_the_environment_before_the_file(tmp_path: Path) -> None:
    text = "server: {port: 7000, host: 10.0.0.1}\n"

    loaded = read_text(tmp_path, text, {"FORESHOCK__SERVER__PORT": "8000"})

    assert loaded.settings.server.port == 8000
    assert loaded.settings.server.host == "10.0.0.1"
    assert loaded.origins["server", "port"] == Environment("FORESHOCK__SERVER__PORT")
    assert loaded.origins["server", "host"] == Written(1, 22)


def test_sections_with_nothing_in_them_are_the_defaults(tmp_path: Path) -> None:
    settings = read_text(tmp_path, "kafka:\nsources:\nservices:\n  api:\nchannels:\n  slack:\n").settings

    assert settings.kafka.group == "foreshock"
    assert list(settings.services) == ["api"]
    assert settings.channels.slack is None


def test_load_returns_the_settings_under_the_given_environment(tmp_path: Path) -> None:
    path = write(tmp_path, "log: {level: '${LEVEL}'}\n")

    assert load(path, {"LEVEL": "error"}).log.level == "error"


def test_the_environment_of_the_process_is_read_only_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "log: {level: info}\n")
    monkeypatch.setenv("FORESHOCK__LOG__LEVEL", "debug")

    assert load(path, {}).log.level == "info"
    assert load_with_environment(path).log.level == "debug"


def test_sources_are_needed_only_where_they_are_required(tmp_path: Path) -> None:
    path = write(tmp_path, "services: {api: {}}\n")

    assert load(path, {}).sources == ()
    with pytest.raises(ConfigError, match="no telemetry to read"):
        load(path, {}, require_sources=True)


@pytest.mark.parametrize(
    ("text", "environ", "host"),
    [
        ("${HOST}", {"HOST": "a"}, "a"),
        ("${HOST:-b}", {}, "b"),
        ("${HOST:-b}", {"HOST": ""}, "b"),
        ("${HOST:-b}", {"HOST": "a"}, "a"),
        ("x-${A}.${B:-c}", {"A": "1"}, "x-1.c"),
        ("$${HOST}", {"HOST": "a"}, "${HOST}"),
        ("$HOST", {"HOST": "a"}, "$HOST"),
        ("${HOST}", {"HOST": "${OTHER}", "OTHER": "z"}, "${OTHER}"),
    ],
)
def test_a_text_may_refer_to_the_environment(tmp_path: Path, text: str, environ: dict[str, str], host: str) -> None:
    assert read_text(tmp_path, f"server: {{host: '{text}'}}\n", environ).settings.server.host == host


def test_a_reference_stands_for_a_number_too(tmp_path: Path) -> None:
    loaded = read_text(tmp_path, "server:\n  port: ${PORT}\nkafka:\n  create_topics: ${C:-no}\n", {"PORT": "81"})

    assert loaded.settings.server.port == 81
    assert not loaded.settings.kafka.create_topics
    assert loaded.origins["server", "port"] == Written(2, 3, variables=("PORT",))
    assert loaded.origins["kafka", "create_topics"] == Written(4, 3, fallbacks=("C",))


@pytest.mark.parametrize("value", ["a:1,b:2", "a:1, b:2", "['a:1', 'b:2']"])
def test_brokers_can_come_from_one_variable(tmp_path: Path, value: str) -> None:
    settings = read_text(tmp_path, "", {"FORESHOCK__KAFKA__BROKERS": value}).settings

    assert settings.kafka.brokers == ("a:1", "b:2")


def test_a_variable_can_name_what_the_file_names(tmp_path: Path) -> None:
    text = "services:\n  payments-api:\n    objectives:\n      - {metric: latency, above: 800}\n"

    settings = read_text(
        tmp_path,
        text,
        {
            "FORESHOCK__SERVICES__PAYMENTS_API__OBJECTIVES__0__ABOVE": "900",
            "FORESHOCK__SERVICES__PAYMENTS_API__OBJECTIVES__0__FOR": "1m",
        },
    ).settings

    objective = settings.services["payments-api"].objectives[0]
    assert (objective.above, objective.for_s) == (900.0, 60.0)


def test_a_variable_can_hold_a_whole_section_or_null(tmp_path: Path) -> None:
    text = "channels: {email: {host: smtp.example.com, sender: a@example.com}}\n"
    environ = {"FORESHOCK__CHANNELS__EMAIL": "null", "FORESHOCK__SOURCES": "[{topic: telemetry}]"}

    settings = read_text(tmp_path, text, environ).settings

    assert settings.channels.email is None
    assert settings.sources[0].topic == "telemetry"


def test_a_variable_of_a_section_comes_before_one_of_its_keys(tmp_path: Path) -> None:
    environ = {"FORESHOCK__SERVER__PORT": "2", "FORESHOCK__SERVER": "{port: 1, host: h}"}

    server = read_text(tmp_path, "server: {port: 3}\n", environ).settings.server

    assert (server.port, server.host) == (2, "h")


def test_a_text_from_a_variable_is_taken_as_it_is(tmp_path: Path) -> None:
    assert read_text(tmp_path, "", {"FORESHOCK__KAFKA__GROUP": "true"}).settings.kafka.group == "true"


def test_variables_of_others_are_none_of_our_business(tmp_path: Path) -> None:
    assert errors_of(write(tmp_path, ""), {"FORESHOCK_HOME": "/", "FORESHOCKS__X": "1", "PATH": "/bin"}) == []


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b"s3cret\n\n", "s3cret\n"), (b" s3cret ", " s3cret ")],
)
def test_a_secret_is_read_from_its_file_without_one_line_break(tmp_path: Path, content: bytes, secret: str) -> None:
    (tmp_path / "token").write_bytes(content)

    loaded = read_text(tmp_path, SLACK + "token_file: token\n")

    assert loaded.settings.channels.slack is not None
    assert loaded.settings.channels.slack.token.get_secret_value() == secret
    assert loaded.origins["channels", "slack", "token"] == SecretFile("token", Written(4, 5))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 70_000, b"", b"\n"])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)

    (error,) = errors_of(write(tmp_path, SLACK + "token_file: token\n"))

    assert error.startswith("4: channels.slack.token")


@pytest.mark.parametrize("value", ["", "[a]", "12"])
def test_a_secret_file_must_be_named_by_a_path(tmp_path: Path, value: str) -> None:
    (error,) = errors_of(write(tmp_path, SLACK + f"token_file: {value}\n"))

    assert error.startswith("4: channels.slack.token_file: not a path")


@pytest.mark.parametrize("written", ["token: '${SLACK_TOKEN}'", "token_file: nowhere"])
@pytest.mark.parametrize("key", ["TOKEN", "TOKEN_FILE"])
def test_a_secret_from_the_environment_replaces_the_one_of_the_file(tmp_path: Path, written: str, key: str) -> None:
    (tmp_path / "token").write_text("from outside")
    environ = {
        "SLACK_TOKEN": "from the file",
        f"FORESHOCK__CHANNELS__SLACK__{key}": "token" if key == "TOKEN_FILE" else "from outside",
    }

    slack = read_text(tmp_path, SLACK + f"{written}\n", environ).settings.channels.slack

    assert slack is not None
    assert slack.token.get_secret_value() == "from outside"


def test_a_channel_can_come_from_the_environment_alone(tmp_path: Path) -> None:
    environ = {"FORESHOCK__CHANNELS__SLACK__TOKEN": "xoxb-1"}

    slack = read_text(tmp_path, "channels: {slack: null}\n", environ).settings.channels.slack

    assert slack is not None
    assert slack.token.get_secret_value() == "xoxb-1"


def test_paths_are_relative_to_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    text = "kafka: {security: tls, ca_file: ca.pem}\nstate: {store: directory, directory: state}\n"

    settings = read_text(tmp_path, text).settings

    assert settings.kafka.ca_file == tmp_path / "ca.pem"
    assert settings.state.directory == tmp_path / "state"


def test_a_default_for_a_secret_is_allowed_with_a_warning(tmp_path: Path) -> None:
    loaded = read_text(tmp_path, "channels:\n  slack:\n    token: ${T:-xoxb-demo}\n")

    (warning,) = loaded.warnings
    assert str(warning).endswith(
        "foreshock.yaml:3: channels.slack.token: T is not set: the secret is the default that stands in the file"
    )


@pytest.mark.parametrize(("content", "told"), [(None, "cannot read it"), (b"a: \xff\n", "not UTF-8"), (b"\0", "YAML")])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "foreshock.yaml"
    if content is not None:
        path.write_bytes(content)

    (error,) = errors_of(path)

    assert told in error


def test_problems_are_kept_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "server: {port: x}\nlog: {level: y}\nkafka: {brokrs: z}\n")

    with pytest.raises(InvalidConfigError) as caught:
        load(path, {"FORESHOCK__X": "1"})

    assert [problem.line for problem in caught.value.problems] == [1, 2, 3, None]
    assert caught.value.problems[0].path == ("server", "port")


def test_of_thousands_of_mistakes_the_first_are_told_and_the_others_counted(tmp_path: Path) -> None:
    clients = "".join(f"  bank-{number}: {{nmae: Bank}}\n" for number in range(1000))
    path = write(tmp_path, f"clients:\n{clients}")

    with pytest.raises(InvalidConfigError) as caught:
        load(path, {})

    lines = str(caught.value).splitlines()
    assert len(lines) == SHOWN + 1
    assert "clients.bank-0" in lines[0]
    every = len(caught.value.problems)
    assert lines[-1] == f"and {every - SHOWN:,} more, {every:,} in all: mend these first"


def test_what_follows_from_a_mistake_is_not_told_too(tmp_path: Path) -> None:
    text = """\
        services:
          api: {squad: payments}
        squads:
          payments: {slack: 7}
        channels:
          slack: {token: "${UNSET}"}
        """

    errors = errors_of(write(tmp_path, text))

    assert errors == [
        "4: squads.payments.slack: must be text, not the number 7",
        "6: channels.slack.token: the environment variable UNSET is not set; set it, or write token_file: PATH",
    ]


def test_a_thousand_clients_are_within_the_limits(tmp_path: Path) -> None:
    client = "  bank-{0}: {{name: Bank {0}, journeys: [pay], contacts: [{{email: ops@bank{0}.example}}]}}\n"
    text = (
        "services: {api: {}}\nsquads: {ops: {slack: '#ops'}}\n"
        "journeys: {pay: {squad: ops, stages: [{name: s, touchpoints: [{name: t, service: api}]}]}}\n"
        "channels: {slack: {token: '${T}'}, email: {host: h, sender: a@example.com}}\nclients:\n"
    )

    settings = read_text(tmp_path, text + "".join(client.format(n) for n in range(1000)), {"T": "x"}).settings

    assert len(settings.landscape().clients) == 1000
