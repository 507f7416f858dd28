"""How many answers one contact may give."""

from domain.feedback import FeedbackKind
from streams.pages.allowance import MOST, Allowance
from tests.support.builders import a_feedback
from tests.support.clock import ManualClock


def test_what_is_given_back_is_one_answer_and_not_all_of_them() -> None:
    allowance, answer = Allowance(ManualClock()), a_feedback(FeedbackKind.USEFUL, "alert-1")
    assert all(allowance.take(answer) for _ in range(MOST))
    allowance.give_back(answer)
    assert [allowance.take(answer) for _ in range(2)] == [True, False]
