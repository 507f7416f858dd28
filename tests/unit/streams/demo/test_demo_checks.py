"""When a run counts as a success: every claim can fail, alone, and says what it found."""

from dataclasses import replace

import pytest

from domain.notice import Phase
from streams.demo.checks import Check, Observed, checks, ended
from streams.demo.report import report
from tests.support.builders import a_landscape
from tests.support.demo import Story, a_fault, a_good_story

PRESSED = "acknowledged by anna (Slack U0ANNA)"


def observed(story: Story) -> Observed:
    return Observed(100, 100, (), {notice.id for notice in story.notices}, (PRESSED,), f'["{PRESSED}"]')


def failing(story: Story, seen: Observed | None = None) -> list[Check]:
    result = report(story.heard(), [a_fault()], [], a_landscape())
    return [check for check in checks(result, story.notices, seen or observed(story)) if not check.holds]


def test_a_good_run_holds_every_check() -> None:
    assert failing(a_good_story()) == []


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        ({"handled": 99}, "everything produced was consumed"),
        ({"dead_letters": ("telemetry/0@7: not_json: ...",)}, "everything produced was consumed"),
        ({"pressed": ()}, "what people pressed"),
        ({"shown": "[]"}, "what people pressed"),
        ({"arrived": ()}, "every such notice is really there"),
    ],
)
def test_each_observation_can_fail_a_check_alone(change: dict[str, object], claim: str) -> None:
    story = a_good_story()
    (check,) = failing(story, replace(observed(story), **change))  # type: ignore[arg-type] # a table of any fields
    assert check.claim.startswith(claim)


def test_a_press_that_no_message_shows_is_named() -> None:
    story = a_good_story()
    (check,) = failing(story, replace(observed(story), shown="[]"))
    assert check.detail == f"0 of 1 presses; not so: {PRESSED}"


@pytest.mark.parametrize(
    ("status", "detail"), [(None, "answers was killed: it did not end in time"), (1, "answers ended with 1")]
)
def test_a_process_that_did_not_end_well_is_named(status: int | None, detail: str) -> None:
    assert ended({"worker": 0, "answers": 0}).holds
    check = ended({"worker": 0, "answers": status})
    assert not check.holds
    assert check.detail == detail


def test_a_notice_without_a_receipt_fails_and_is_named() -> None:
    story = a_good_story()
    story.squad(Phase.UPDATE, 160, took=None)
    (check,) = failing(story)
    assert "receipt" in check.claim
    assert "update to #payments" in check.detail


def test_an_ending_that_is_owed_fails_and_names_the_recipient() -> None:
    story = a_good_story()
    story.squad(Phase.WARNING, 150, name="a2", who="data")
    (check,) = failing(story)
    assert check.claim == "everyone who was warned was told the end"
    assert "#data: a2" in check.detail


def test_a_run_in_which_nobody_was_warned_in_time_fails() -> None:
    (check,) = failing(a_good_story(opened=210))
    assert check.claim.startswith("at least one incident")


def test_one_id_for_two_different_messages_fails() -> None:
    story = a_good_story()
    story.notices.append(replace(story.notices[0], recipient="#elsewhere"))
    (check,) = failing(story)
    assert check.claim.startswith("no notice id stands for two")


def test_a_repeat_of_the_same_message_is_no_conflict() -> None:
    story = a_good_story()
    story.notices.append(story.notices[0])
    assert failing(story) == []


def test_many_names_are_cut_and_the_rest_is_counted() -> None:
    story = a_good_story()
    for number in range(8):
        story.squad(Phase.UPDATE, 160 + number, took=None)
    assert "and 3 more" in failing(story)[0].detail
