from pathlib import Path

import pytest

from tests.support.config_files import read_text

PEOPLE = """\
    services: {web: {depends_on: [db]}, db: {}, batch: {}}
    journeys: {pay: {squad: ops, stages: [{name: s, touchpoints: [{name: t, service: web}]}]}}
    squads: {ops: {slack: "#ops"}}
    channels: {slack: {token: "${T}"}, email: {host: smtp.example.com, sender: a@example.com}}
    """
CLIENT = "clients: {bank: {name: Bank, journeys: [pay], contacts: [{email: ops@bank.example}]}}\n"


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        (PEOPLE, ["1: services.batch: no squad answers for it and no journey meets it"]),
        (PEOPLE + "fallback_squad: ops\n", []),
        (PEOPLE.replace("batch: {}", "batch: {squad: ops}"), []),
        (
            PEOPLE.replace('squads: {ops: {slack: "#ops"}', 'squads: {ops: {slack: "#ops"}, idle: {slack: "#idle"}'),
            ["1: services.batch: no squad", "3: squads.idle: answers for nothing"],
        ),
        (
            PEOPLE.replace("journeys: {", "journeys: {lost: {squad: ops, stages: [{name: s, touchpoints: "
            "[{name: t, service: batch}]}]}, ") + CLIENT,
            ["2: journeys.lost: no client uses it"],
        ),
        (
            "kafka: {security: sasl_plaintext, sasl: {username: a, password: '${T}'}}\n",
            ["1: kafka.security: the password travels unencrypted"],
        ),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_a_warning(tmp_path: Path, text: str, warnings: list[str]) -> None:
    told = [str(warning).rpartition("foreshock.yaml:")[2] for warning in read_text(tmp_path, text, {"T": "x"}).warnings]

    assert len(told) == len(warnings)
    assert all(actual.startswith(expected) for actual, expected in zip(told, warnings, strict=True))
