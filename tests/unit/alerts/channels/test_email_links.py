"""Links without a password: what is forged, changed, old, or meant for something else opens nothing."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels.email.links import RATING_DAYS, Claim, LinkReader, Links, Purpose, Refusal
from domain.identity import AlertId, ClientId
from domain.notice import Notice, Phase
from tests.support.notices import T0, an_email

KEY, NEWER, STRANGERS = "k" * 32, "n" * 32, "s" * 32
BANK = (ClientId("bank-042"), "ops@bank.example")
OTHERS = [(ClientId("bank-042"), "desk@bank.example"), (ClientId("fintech-7"), "ops@bank.example")]
ENDING = an_email(Phase.ALL_CLEAR, 3)
CLAIM = Claim(AlertId(ENDING.alert), *BANK)
DAY_S = 86_400


def token(link: str) -> str:
    return urlsplit(link).path.rpartition("/")[2]


def rating(notice: Notice = ENDING, key: str = KEY) -> str:
    offered = Links("https://answers.example", (key,)).rating(notice)
    assert offered is not None
    return token(offered[0])


def reader(*keys: str) -> LinkReader:
    return LinkReader(keys or (KEY,), [*OTHERS, BANK])


def test_a_link_says_whose_it_is_and_about_which_alert() -> None:
    assert reader().read(rating(), Purpose.RATING, T0) == CLAIM


def test_yes_and_no_are_one_right_with_two_answers() -> None:
    offered = Links("https://answers.example/base/", (KEY,)).rating(ENDING)
    assert offered is not None
    yes, no = offered
    assert yes.startswith("https://answers.example/base/rating/")
    assert (urlsplit(yes).query, urlsplit(no).query) == ("answer=yes", "answer=no")
    assert token(yes) == token(no)


def test_the_same_notice_gives_the_same_link() -> None:
    assert rating() == rating()
    assert rating() != rating(replace(ENDING, recipient="desk@bank.example"))


def test_nothing_can_be_read_from_a_link() -> None:
    raw = urlsafe_b64decode(rating())
    for said in ("bank", "042", "ops", "alert", ENDING.alert.removeprefix("alert-")):
        assert said.encode() not in raw
        assert said not in rating()


@pytest.mark.parametrize("place", range(56))
def test_a_link_with_one_character_changed_opens_nothing(place: int) -> None:
    real = rating()
    assert len(real) == 56
    for other in "AQgw_-9":
        changed = real[:place] + other + real[place + 1 :]
        if changed != real:
            assert reader().read(changed, Purpose.RATING, T0) is Refusal.UNKNOWN


@pytest.mark.parametrize(
    "bad", ["", "A", "A" * 56, "A" * 10_000, "%00", "\u00e4" * 56, rating() + "AAAA", rating()[:-4]]
)
def test_what_is_no_link_of_ours_opens_nothing(bad: str) -> None:
    assert reader().read(bad, Purpose.RATING, T0) is Refusal.UNKNOWN


@given(
    st.one_of(
        st.text(max_size=300), st.binary(min_size=42, max_size=42).map(lambda raw: urlsafe_b64encode(raw).decode())
    )
)
def test_whatever_is_tried_opens_nothing_and_breaks_nothing(guess: str) -> None:
    for purpose in Purpose:
        assert reader().read(guess, purpose, T0) is Refusal.UNKNOWN


def test_a_link_has_one_spelling() -> None:
    notices = (replace(ENDING, decided_at=T0 + second) for second in range(99))
    real = next(found for found in map(rating, notices) if "-" in found)
    assert isinstance(reader().read(real, Purpose.RATING, T0), Claim)
    assert reader().read(real.replace("-", "+"), Purpose.RATING, T0) is Refusal.UNKNOWN


def test_a_link_that_a_stranger_signed_opens_nothing() -> None:
    assert reader().read(rating(key=STRANGERS), Purpose.RATING, T0) is Refusal.UNKNOWN


def test_a_link_for_one_thing_opens_nothing_else() -> None:
    leave = token(Links("https://answers.example", (KEY,)).unsubscribe(ENDING))
    assert reader().read(leave, Purpose.UNSUBSCRIBE, T0) == Claim(None, *BANK)
    assert reader().read(leave, Purpose.RATING, T0) is Refusal.UNKNOWN
    assert reader().read(rating(), Purpose.UNSUBSCRIBE, T0) is Refusal.UNKNOWN


def test_a_rating_can_be_given_for_thirty_days_and_leaving_is_always_possible() -> None:
    leave = token(Links("https://answers.example", (KEY,)).unsubscribe(ENDING))
    assert reader().read(rating(), Purpose.RATING, T0 + RATING_DAYS * DAY_S - 1) == CLAIM
    assert reader().read(rating(), Purpose.RATING, T0 + RATING_DAYS * DAY_S) is Refusal.EXPIRED
    assert reader().read(leave, Purpose.UNSUBSCRIBE, T0 + 9999 * DAY_S) == Claim(None, *BANK)


def test_a_new_key_signs_and_an_old_one_is_still_accepted() -> None:
    rotated = Links("https://answers.example", (NEWER, KEY)).rating(ENDING)
    assert rotated is not None
    assert token(rotated[0]) == rating(key=NEWER)
    for signed in (rating(key=NEWER), rating(key=KEY)):
        assert reader(NEWER, KEY).read(signed, Purpose.RATING, T0) == CLAIM
    assert reader(NEWER).read(rating(key=KEY), Purpose.RATING, T0) is Refusal.UNKNOWN


def test_whoever_is_no_contact_any_more_cannot_answer() -> None:
    assert LinkReader((KEY,), OTHERS).read(rating(), Purpose.RATING, T0) is Refusal.UNKNOWN


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1.0, 1e300, 2.0**32])
def test_an_ending_at_a_time_that_no_link_can_hold_goes_out_without_one(odd: float) -> None:
    assert Links("https://answers.example", (KEY,)).rating(replace(ENDING, decided_at=odd)) is None


def test_keys_are_in_no_repr() -> None:
    assert KEY not in repr(Links("https://answers.example", (KEY,))) + repr(reader())
