"""Every answer of Slack has one stated outcome."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from alerts.channels.slack import outcomes
from alerts.channels.slack.outcomes import of_answer, of_error
from domain.notice import Deferred, Failure, Rejected

DEFERRED = [
    (429, "ratelimited", Failure.RATE_LIMITED),
    (429, "", Failure.RATE_LIMITED),
    (200, "ratelimited", Failure.RATE_LIMITED),
    (500, "", Failure.UNAVAILABLE),
    (502, "", Failure.UNAVAILABLE),
    (503, "service_unavailable", Failure.UNAVAILABLE),
    (200, "internal_error", Failure.UNAVAILABLE),
    (200, "fatal_error", Failure.UNAVAILABLE),
    (200, "a_word_of_next_year", Failure.UNAVAILABLE),
    (200, "", Failure.UNAVAILABLE),
    (403, "", Failure.UNAVAILABLE),
    (200, "invalid_auth", Failure.UNAUTHORISED),
    (200, "not_authed", Failure.UNAUTHORISED),
    (200, "account_inactive", Failure.UNAUTHORISED),
    (200, "token_revoked", Failure.UNAUTHORISED),
    (200, "missing_scope", Failure.UNAUTHORISED),
    (200, "restricted_action", Failure.UNAUTHORISED),
    (401, "", Failure.UNAUTHORISED),
]
REJECTED = [
    ("channel_not_found", Failure.UNKNOWN_RECIPIENT),
    ("is_archived", Failure.UNKNOWN_RECIPIENT),
    ("not_in_channel", Failure.UNKNOWN_RECIPIENT),
    ("invalid_blocks", Failure.REFUSED),
    ("msg_too_long", Failure.REFUSED),
    ("no_text", Failure.REFUSED),
]


@pytest.mark.parametrize(("status", "error", "failure"), DEFERRED)
def test_what_may_pass_is_deferred(status: int, error: str, failure: Failure) -> None:
    outcome = of_answer(status, error)
    assert isinstance(outcome, Deferred)
    assert outcome.failure is failure


@pytest.mark.parametrize(("error", "failure"), REJECTED)
def test_what_will_not_pass_is_rejected(error: str, failure: Failure) -> None:
    outcome = of_answer(200, error)
    assert isinstance(outcome, Rejected)
    assert outcome.failure is failure


def test_no_word_of_slack_has_two_outcomes() -> None:
    tables = (
        outcomes.UNKNOWN_RECIPIENT,
        outcomes.UNAUTHORISED,
        outcomes.RATE_LIMITED,
        outcomes.UNAVAILABLE,
        outcomes.REFUSED,
    )
    assert len(frozenset().union(*tables)) == sum(map(len, tables))


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (TimeoutError(), Failure.TIMEOUT),
        (aiohttp.ServerTimeoutError(), Failure.TIMEOUT),
        (aiohttp.ClientConnectionError("http://user:pass@proxy"), Failure.UNAVAILABLE),
        (aiohttp.ServerDisconnectedError(), Failure.UNAVAILABLE),
        (ConnectionResetError(), Failure.UNAVAILABLE),
        (AttributeError("a proxy's page"), Failure.UNAVAILABLE),
    ],
)
def test_what_breaks_below_http_is_deferred_without_repeating_it(error: Exception, failure: Failure) -> None:
    outcome = of_error(error)
    assert isinstance(outcome, Deferred)
    assert outcome.failure is failure
    assert "pass" not in outcome.detail


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30.0), ("0", 0.0), ("1.5", 1.5), ("-5", None), ("nan", None), ("soon", None), ("", None)],
)
def test_retry_after_is_read_with_care(value: str, seconds: float | None) -> None:
    answer = {"ok": False, "error": "ratelimited"}
    outcome = of_error(_refusal(_Answer(429, answer, {"Retry-After": value})))
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s == seconds


def test_slacks_complaint_about_blocks_is_in_the_detail() -> None:
    body = {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] must be\nshorter"]}}
    outcome = of_error(_refusal(_Answer(200, body, {})))
    assert isinstance(outcome, Rejected)
    assert outcome.detail == "Slack answered invalid_blocks (HTTP 200): [ERROR] must be shorter"


def test_of_many_complaints_the_first_three_are_in_the_detail() -> None:
    messages = [f"no {number}" for number in range(9)]
    body = {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": messages}}
    outcome = of_error(_refusal(_Answer(200, body, {})))
    assert isinstance(outcome, Rejected)
    assert outcome.detail.endswith(": no 0; no 1; no 2")


@pytest.mark.parametrize("body", [None, b"", "text", [], {"error": 7}, {"error": "x" * 999}, {"response_metadata": 1}])
def test_an_answer_of_any_shape_is_an_outcome(body: object) -> None:
    outcome = of_error(_refusal(_Answer(200, body, None)))
    assert isinstance(outcome, Deferred)
    assert len(outcome.detail) < 400


def _refusal(answer: "_Answer") -> SlackApiError:
    return SlackApiError("failed", answer)  # type: ignore[no-untyped-call]  # the SDK's


class _Answer:
    def __init__(self, status_code: int, data: object, headers: object) -> None:
        self.status_code = status_code
        self.data = data
        self.headers = headers
