import pytest
from pydantic import ValidationError

from alerts.channels.email.params import EmailParams, plain_address
from alerts.channels.registry import make_channels
from alerts.channels.slack.params import SlackParams
from config.settings import ChannelSettings
from domain.notice import ChannelKind


@pytest.mark.parametrize(
    "address",
    [
        "",
        "x",
        "@b",
        "a@",
        "a b@c.de",
        "a\nb@c.de",
        "<a@b.c>",
        "a@b.c,d@e.f",
        "ä@b.c",
        "a@b c",
        '"a"@b.c',
        "a@b@c",
        "a@.c",
    ],
)
def test_an_address_that_is_more_or_less_than_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="plain e-mail address"):
        plain_address(address)


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("ops@bank.example", "ops@bank.example"),
        ("a.b+c@x.y", "a.b+c@x.y"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
    ],
)
def test_a_plain_address_is_taken_with_its_domain_in_ascii(address: str, plain: str) -> None:
    assert plain_address(address) == plain


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"username": "u"}, "come together"),
        ({"password": "p"}, "come together"),
        ({"username": "u", "password": "p", "security": "none"}, "in the clear"),
        ({"sender": "nobody"}, "plain e-mail address"),
        ({"timeout": "0s"}, "greater than 0"),
        ({"timeout": 5}, "is not a duration"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_mistakes_in_the_mail_settings_are_refused(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        EmailParams.model_validate({"host": "h", "sender": "a@b.example", **fields})


def test_the_address_of_slack_ends_in_a_slash_and_is_one_of_the_web() -> None:
    assert SlackParams(token="t", base_url="https://slack.example/api").base_url == "https://slack.example/api/"
    with pytest.raises(ValidationError, match="must begin with"):
        SlackParams(token="t", base_url="ftp://slack.example")
    with pytest.raises(ValidationError, match="a name or a password") as refused:
        SlackParams(token="t", base_url="https://bot:bait@slack.example/api")
    assert "bait" not in refused.value.errors()[0]["msg"]


def test_secrets_do_not_show() -> None:
    params = [
        SlackParams(token="xoxb-bait", signing_secret="bait", app_token="xapp-bait", proxy="http://u:bait@proxy"),
        EmailParams(host="h", sender="a@b.example", username="u", password="bait"),
    ]
    for each in params:
        assert "bait" not in repr(each) + str(each) + each.model_dump_json()


def test_a_channel_is_made_when_it_is_configured() -> None:
    configured = {
        ChannelKind.SLACK: SlackParams(token="t"),
        ChannelKind.EMAIL: EmailParams(host="h", sender="a@b.example"),
    }
    assert {kind: channel.kind for kind, channel in make_channels(configured).items()} == {
        kind: kind for kind in configured
    }
    assert make_channels(ChannelSettings().by_kind()) == {}
