"""What people think of an alert, given once, twice, or otherwise the next time; and addresses that come and go."""

from dataclasses import replace

import pytest

from alerts.decide import Decide, Decided
from alerts.policy.episode import Episode
from alerts.policy.history import Past
from alerts.policy.opinions import KEPT
from domain.anomaly import AnomalyPhase
from domain.feedback import Feedback, FeedbackKind
from domain.identity import AlertId
from tests.support.builders import T0, a_feedback, a_watermark, an_anomaly
from tests.support.decide import a_decide, feed

USEFUL, NOT_USEFUL = FeedbackKind.USEFUL, FeedbackKind.NOT_USEFUL


def opinion(kind: FeedbackKind, alert: AlertId, number: int, by: str = "anna", address: str = "") -> Feedback:
    return replace(a_feedback(kind, alert, T0 + number, by=by, name=f"answer-{number}"), address=address)


def an_alert(*, ended: bool) -> tuple[Decide, AlertId]:
    decide = a_decide()
    (opened,) = decide.handle(an_anomaly()).transitions
    if ended:
        feed(decide, an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 1, opened_at=T0), a_watermark(T0 + 100))
    return decide, opened.alert


def counts(decide: Decide) -> tuple[int, int]:
    past = [known for each in decide._memory.past.values() for known in each]
    known: Episode | Past = (decide.open_alerts or past)[0]
    return known.useful, known.not_useful


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([(USEFUL, "anna"), (USEFUL, "anna")], (1, 0)),
        ([(USEFUL, "anna"), (USEFUL, "ben")], (2, 0)),
        ([(USEFUL, "anna"), (NOT_USEFUL, "anna")], (0, 1)),
        ([(USEFUL, "anna"), (NOT_USEFUL, "anna"), (USEFUL, "anna")], (1, 0)),
        ([(USEFUL, "anna"), (NOT_USEFUL, "ben"), (NOT_USEFUL, "anna"), (NOT_USEFUL, "anna")], (0, 2)),
    ],
)
def test_of_each_person_the_last_opinion_counts_once(
    said: list[tuple[FeedbackKind, str]], expected: tuple[int, int], *, ended: bool
) -> None:
    decide, alert = an_alert(ended=ended)

    feed(decide, *(opinion(kind, alert, number, by) for number, (kind, by) in enumerate(said)))

    assert counts(decide) == expected


def test_contacts_of_one_client_are_different_people_and_their_addresses_are_not_kept() -> None:
    decide, alert = an_alert(ended=False)

    for number, address in enumerate(["a@bank.example", "A@bank.example", "b@bank.example"]):
        decide.handle(opinion(USEFUL, alert, number, "a contact of bank-042", address))

    assert counts(decide) == (2, 0)
    assert "a@bank" not in repr(decide.snapshot()).casefold()


def test_the_same_opinion_again_is_neither_told_nor_counted_and_another_one_is() -> None:
    decide, alert = an_alert(ended=False)
    first, again, other = (opinion(kind, alert, n) for n, kind in enumerate((USEFUL, USEFUL, NOT_USEFUL)))

    assert len(decide.handle(first).transitions) == 1
    assert (decide.is_news(again), decide.is_news(other)) == (False, True)
    assert decide.handle(again) == Decided()
    assert "called not useful by anna" in decide.handle(other).transitions[0].reason
    assert decide.is_news(a_feedback(FeedbackKind.ACKNOWLEDGE, alert, T0, by="anna"))


def test_an_opinion_survives_the_end_of_the_alert_and_a_restart() -> None:
    decide, alert = an_alert(ended=False)
    decide.handle(opinion(USEFUL, alert, 1))
    feed(decide, an_anomaly(phase=AnomalyPhase.ENDED, at=T0 + 1, opened_at=T0), a_watermark(T0 + 100))
    later = a_decide()
    later.restore(decide.snapshot())

    later.handle(opinion(USEFUL, alert, 2))

    assert counts(later) == (1, 0)


def test_what_is_remembered_of_who_said_what_is_bounded() -> None:
    decide, alert = an_alert(ended=True)

    feed(decide, *(opinion(USEFUL, alert, number, f"person-{number}") for number in range(KEPT + 5)))

    assert counts(decide) == (KEPT + 5, 0)
    assert len(next(iter(decide._memory.past.values()))[0].judges) == KEPT


def of_address(kind: FeedbackKind, number: int) -> Feedback:
    given = a_feedback(kind, None, T0 + number, name=f"answer-{number}")
    return replace(given, address="ops@bank-042.example")


def test_whoever_left_and_was_readmitted_can_leave_again_within_the_day() -> None:
    decide = a_decide()
    first, again, back, second = (
        of_address(kind, number)
        for number, kind in enumerate(
            (FeedbackKind.UNSUBSCRIBE, FeedbackKind.UNSUBSCRIBE, FeedbackKind.READMIT, FeedbackKind.UNSUBSCRIBE)
        )
    )

    assert decide.is_news(first)
    decide.handle(first)
    assert not decide.is_news(again)  # it says what is known
    feed(decide, again, back)
    assert decide.is_news(second)
    decide.handle(second)

    assert [known.unsubscribed for known in decide._memory.bars.values()] == [True]
