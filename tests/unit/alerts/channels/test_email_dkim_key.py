"""The key that signs letters: what is taken, what is refused and with which words, and that nobody ever sees it."""

import sys
import traceback
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import BaseModel, SecretStr, ValidationError

from alerts.channels.email.channel import EmailChannel
from alerts.channels.email.dkim import DkimParams, dns_record, load_key
from alerts.channels.email.params import EmailParams
from tests.support.config_files import errors_of, read_text, write
from tests.support.dkim import ED25519_KEY, ED25519_RECORD, an_rsa_key, in_dns

PEM, PLAIN = serialization.Encoding.PEM, serialization.NoEncryption()
CONFIG = """\
channels:
  email:
    host: smtp.example.com
    sender: status@hub.example
    dkim:
      selector: s1
"""


def a_curve() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, PLAIN).decode()


def the_rsa_key() -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(an_rsa_key().encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def with_a_password() -> str:
    locked = serialization.BestAvailableEncryption(b"bait")
    return the_rsa_key().private_bytes(PEM, serialization.PrivateFormat.PKCS8, locked).decode()


def traditional() -> str:
    return the_rsa_key().private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, PLAIN).decode()


def public_only() -> str:
    return the_rsa_key().public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


REFUSED = {
    "too small": (lambda: an_rsa_key(1024), "private_key has 1024 bits, and 2048 to 4096 are taken"),
    "of another kind": (a_curve, "private_key is of a kind that DKIM does not know"),
    "locked": (with_a_password, "private_key asks for a password; write it without"),
    "public": (public_only, "private_key is no private key in PEM; make one with `openssl genrsa"),
    "no key": (lambda: "bait-no-key", "private_key is no private key in PEM"),
    "cut short": (lambda: an_rsa_key()[:900], "private_key is no private key in PEM"),
    "not text": (lambda: "\x00\ud800é", "private_key is no private key in PEM"),
}


@pytest.mark.parametrize(("make", "told"), REFUSED.values(), ids=REFUSED)
def test_a_key_that_cannot_sign_is_refused_and_not_repeated(make: object, told: str) -> None:
    assert callable(make)
    key = make()
    with pytest.raises(ValueError, match=told) as refused:
        load_key(SecretStr(key))
    shown = "".join(traceback.format_exception(refused.value))  # with its causes, as a log would show it
    assert not [line for line in key.splitlines()[1:-1] or [key] if line in shown]


@pytest.mark.parametrize(
    ("make", "kind"), [(an_rsa_key, "rsa"), (traditional, "rsa"), (lambda: ED25519_KEY, "ed25519")]
)
def test_keys_as_openssl_and_opendkim_write_them_are_taken(make: object, kind: str) -> None:
    assert callable(make)
    assert load_key(SecretStr(make())).kind == kind


def test_the_record_is_the_one_of_the_standard_and_a_long_one_stands_in_strings_that_dns_takes() -> None:
    small = DkimParams.model_validate({"selector": "brisbane", "private_key": ED25519_KEY})
    assert in_dns(dns_record(small, "football.example.com")) == (
        "brisbane._domainkey.football.example.com.",
        ED25519_RECORD,
    )
    large = DkimParams.model_validate({"selector": "s1", "private_key": an_rsa_key(3072)})
    line = dns_record(large, "hub.example")
    assert len(in_dns(line)[1]) > 510
    assert line.count('" "') == 2


def test_the_key_shows_nowhere() -> None:
    params = EmailParams.model_validate(
        {"host": "h", "sender": "a@b.example", "dkim": {"selector": "s1", "private_key": ED25519_KEY}}
    )
    channel = EmailChannel(params)
    assert params.dkim is not None
    secret = ED25519_KEY.splitlines()[1]
    shown = [repr(params), str(params), params.model_dump_json(), repr(load_key(params.dkim.private_key))]
    assert secret not in "".join([*shown, repr(channel), repr(vars(channel))])


@pytest.mark.parametrize("model", [EmailParams, DkimParams])
def test_an_error_repeats_nothing_of_the_key_not_even_its_end(model: type[BaseModel]) -> None:
    dkim = {"selector": "s1", "private_key": ED25519_KEY[:-40]}
    fields = dkim if model is DkimParams else {"host": "h", "sender": "a@b.example", "dkim": dkim}
    with pytest.raises(ValidationError) as refused:
        model.model_validate(fields)
    assert dkim["private_key"][-10:] not in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"domain": "elsewhere.example"}, "is not the sender's and not one that it is in"),
        ({"domain": "ub.example"}, "is not the sender's"),
        ({"domain": "mail.hub.example"}, "is not the sender's"),
        ({"domain": "hub..example"}, "is not a name as in DNS"),
        ({"domain": "hub.example\r\nBcc: x"}, "is not a name as in DNS"),
        ({"selector": "s1; d=evil.example"}, "is not a name as in DNS"),
        ({"selector": ""}, "is not a name as in DNS"),
        ({"selector": "s1\n"}, "is not a name as in DNS"),
        ({"selector": "a" * 64}, "is not a name as in DNS"),
    ],
)
def test_names_that_break_a_header_or_stand_for_somebody_else_are_refused(fields: dict[str, str], told: str) -> None:
    dkim = {"selector": "s1", "private_key": ED25519_KEY, **fields}
    with pytest.raises(ValidationError, match=told):
        EmailParams.model_validate({"host": "h", "sender": "status@hub.example", "dkim": dkim})


def test_a_domain_of_any_letters_signs_in_its_form_for_dns() -> None:
    dkim = {"selector": "s1", "domain": "Bücher.example", "private_key": ED25519_KEY}
    params = EmailParams.model_validate({"host": "h", "sender": "a@bücher.example", "dkim": dkim})
    assert params.signing_domain == "xn--bcher-kva.example"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(ValueError, match=r"pip install '\.\[dkim\]'"):
        load_key(SecretStr(ED25519_KEY))


def test_a_wrong_key_is_told_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path, CONFIG + '      private_key: "${KEY}"\n')
    (error,) = errors_of(path, {"KEY": an_rsa_key(1024)})
    assert error.startswith("5: channels.email.dkim: private_key has 1024 bits")


def test_a_key_comes_from_a_file_and_one_that_everybody_can_read_is_worth_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "dkim.pem"
    file.write_text(ED25519_KEY)
    file.chmod(0o600)
    text = CONFIG + "      private_key_file: dkim.pem\n"
    assert read_text(tmp_path, text).warnings == ()
    file.chmod(0o644)
    (warning,) = read_text(tmp_path, text).warnings
    assert str(warning).endswith(
        f":7: channels.email.dkim.private_key_file: everybody on this machine can read {file}; write chmod o= {file}"
    )
