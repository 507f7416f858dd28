"""`foreshock send-test`, as an operator runs it, against a mail server and a stand-in for Slack."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.params import EmailParams
from streams.commands import app
from streams.demo.mail_server import MailFault, MailServer
from streams.demo.slack_server import SlackServer
from tests.support.dkim import ED25519_KEY, ED25519_RECORD, is_genuine
from tests.support.notices import letters
from tests.support.tls import a_certificate, a_server_context

pytestmark = pytest.mark.integration

CONFIG = """
services: {{payments-api: {{squad: payments}}}}
journeys:
  pay: {{squad: payments, stages: [{{name: submit, touchpoints: [{{name: POST /pay, service: payments-api}}]}}]}}
squads: {{payments: {{slack: "#squad-payments"}}}}
clients:
  bank-042:
    name: Beispielbank
    journeys: [pay]
    contacts: [{{email: ops@bank.example}}, {{email: desk@bank.example}}]
    locale: {locale}
channels:
  slack: {{token: "${{TOKEN}}", base_url: "{slack}"}}
  email: {{host: localhost, port: {port}, security: {security}, sender: status@hub.example{more}}}
"""
WARNING_WORDS = {
    "en": {"early", "warning", "disruption", "disrupted", "clear"},
    "de": {"frühwarnung", "störung", "entwarnung"},
    "fr": {"alerte", "perturbation"},
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "xoxb-stand-in")
    monkeypatch.setenv("PASSWORD", "bait-do-not-show")


def configured(folder: Path, mail: MailServer | None = None, slack: SlackServer | None = None, **more: str) -> Path:
    text = CONFIG.format(
        slack="http://127.0.0.1:9/" if slack is None else slack.url,
        port=9 if mail is None else mail.port,
        **{"security": "none", "locale": "en", "more": "", **more},
    )
    (folder / "foreshock.yaml").write_text(text)
    return folder / "foreshock.yaml"


async def called(*arguments: str | Path) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["send-test", *map(str, arguments)])


@pytest.mark.parametrize("locale", sorted(WARNING_WORDS))
async def test_every_contact_of_a_client_gets_what_cannot_be_taken_for_a_warning(tmp_path: Path, locale: str) -> None:
    async with MailServer() as mail:
        done = await called("--config", configured(tmp_path, mail, locale=locale), "--client", "bank-042")
    assert done.exit_code == 0, done.output
    assert [taken.recipients for taken in mail.messages] == [("ops@bank.example",), ("desk@bank.example",)]
    for taken in mail.messages:
        assert taken.notice.startswith("test-")
        body = taken.message.get_body(("plain",))
        assert body is not None
        words = set((str(taken.message["Subject"]) + " " + body.get_content()).lower().split())
        assert not words & WARNING_WORDS[locale]
        assert taken.message["List-Unsubscribe"] is None
    assert f"client:bank-042: test message to ops@bank.example by localhost:{mail.port} (no encryption)" in done.output
    assert "status@hub.example, not signed: taken, as <test-" in done.output


async def test_a_test_is_signed_as_warnings_are_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", ED25519_KEY)
    async with MailServer() as mail:
        file = configured(tmp_path, mail, more=', dkim: {selector: s1, private_key: "${KEY}"}')
        done = await called("-c", file, "--client", "bank-042", "--to", "me@hub.example")
    assert "from status@hub.example, signed by hub.example with its key s1: taken" in done.output
    assert is_genuine(mail.messages[0].content, f's1._domainkey.hub.example. IN TXT "{ED25519_RECORD}"')


async def test_a_test_can_go_to_an_address_of_our_own(tmp_path: Path) -> None:
    async with MailServer() as mail:
        done = await called(
            "-c", configured(tmp_path, mail), "--client", "bank-042", "--to", "me@hub.example", "--json"
        )
    assert done.exit_code == 0, done.output
    (said,) = json.loads(done.output)
    assert (said["recipient"], said["outcome"], said["channel"]) == ("me@hub.example", "delivered", "email")
    assert [taken.recipients for taken in mail.messages] == [("me@hub.example",)]


async def test_a_certificate_that_is_not_trusted_is_said_and_nothing_is_sent(tmp_path: Path) -> None:
    async with MailServer(tls=a_server_context(a_certificate(tmp_path))) as mail:
        done = await called("-c", configured(tmp_path, mail, security="starttls"), "--client", "bank-042")
    assert done.exit_code == 1
    assert "STARTTLS, its certificate checked" in done.output
    assert "not now (unavailable): no trusted connection to the mail server" in done.output
    assert mail.messages == []


async def test_a_refused_address_is_said_beside_one_that_was_taken(tmp_path: Path) -> None:
    async with MailServer() as mail:
        mail.faults.append(MailFault("rcpt", "550 5.1.1 no such user"))
        done = await called("-c", configured(tmp_path, mail), "--client", "bank-042")
    assert done.exit_code == 1
    assert "ops@bank.example by" in done.output
    assert "refused (unknown_recipient): the mail server answered 550 5.1.1 no such user" in done.output
    assert [taken.recipients for taken in mail.messages] == [("desk@bank.example",)]


async def test_a_squad_gets_it_on_slack(tmp_path: Path) -> None:
    async with SlackServer() as slack:
        done = await called("-c", configured(tmp_path, slack=slack), "--squad", "payments")
        (posted,) = [body for method, body in slack.calls if method == "chat.postMessage"]
    assert done.exit_code == 0, done.output
    assert posted["channel"] == "#squad-payments"
    assert "Test message" in posted["text"]
    assert "squad:payments: test message to #squad-payments by http" in done.output


async def test_what_slack_refuses_is_said_without_the_token(tmp_path: Path) -> None:
    async with SlackServer(token="xoxb-another") as slack:
        done = await called("-c", configured(tmp_path, slack=slack), "--squad", "payments")
    assert done.exit_code == 1
    assert "unauthorised" in done.output
    assert "xoxb" not in done.output


async def test_no_server_is_said_without_the_password(tmp_path: Path) -> None:
    file = configured(tmp_path, security="starttls", more=', username: us, password: "${PASSWORD}"')
    done = await called("-c", file, "--client", "bank-042", "--json")
    assert done.exit_code == 1
    assert {said["outcome"] for said in json.loads(done.output)} == {"deferred"}
    assert "bait" not in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name one of --squad and --client"),
        (("--squad", "payments", "--client", "bank-042"), "name one of --squad and --client"),
        (("--squad", "nobody"), "'nobody' is not a squad"),
        (("--client", "nobody"), "'nobody' is not a client"),
        (("--squad", "payments", "--to", "me@hub.example"), "only for a client's test"),
    ],
)
async def test_what_cannot_be_sent_ends_with_two(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    done = await called("-c", configured(tmp_path), *arguments)
    assert done.exit_code == 2
    assert told in done.output


@pytest.mark.parametrize("locale", sorted(WARNING_WORDS))
def test_the_words_that_a_test_must_not_use_are_those_of_warnings(locale: str) -> None:
    channel = EmailChannel(EmailParams(host="h", sender="a@b.example"))
    shown = [channel.render(notice) for notice in letters(locale, "formal").values()]
    words = {word.strip(":") for each in shown for word in f"{each.title} {each.text}".lower().split()}
    assert words >= WARNING_WORDS[locale]
