"""What Slack's answers mean for a notice.

Errors of chat.postMessage: https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

import asyncio
import math
import re
from collections.abc import Mapping

import aiohttp
from slack_sdk.errors import SlackApiError

from alerts.channels.text import clean
from domain.notice import Deferred, Failure, Rejected

# The recipient will not appear by waiting: a channel that is not there, closed, or that the bot was never let into.
UNKNOWN_RECIPIENT = frozenset({"channel_not_found", "is_archived", "not_in_channel", "user_not_found", "cannot_dm_bot"})

# An operator's mistake, which an operator will mend: waited out, so that no warning is lost to it.
UNAUTHORISED = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)

RATE_LIMITED = frozenset({"message_limit_exceeded", "rate_limited", "ratelimited"})

UNAVAILABLE = frozenset(
    {
        "accesslimited",
        "external_channel_migrating",
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)

# This message will be refused however often it is sent.
REFUSED = frozenset(
    {
        "as_user_not_supported",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_charset",
        "invalid_form_data",
        "invalid_json",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "json_not_object",
        "markdown_text_conflict",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)

_CODE = re.compile(r"[^a-z0-9_]+")


def of_error(error: Exception) -> Deferred | Rejected:
    """Turn whatever came out of a call into an outcome. Details never hold what was sent, only what it was answered."""
    match error:
        case SlackApiError():
            return of_answer(status(error), code(error), _retry_after_s(error), _complaints(error))
        case TimeoutError() | asyncio.TimeoutError():
            return Deferred(Failure.TIMEOUT, "Slack did not answer in time")
        case aiohttp.ClientError() | OSError():
            # Only the class: the text may name a proxy with its credentials.
            return Deferred(Failure.UNAVAILABLE, f"no connection to Slack ({type(error).__name__})")
        case _:
            return Deferred(Failure.UNAVAILABLE, f"the answer could not be read ({type(error).__name__})")


def of_answer(status: int, error: str, retry_after_s: float | None = None, complaints: str = "") -> Deferred | Rejected:
    """Return the outcome of one answer: the HTTP status counts first, then Slack's word for the error."""
    detail = f"Slack answered {error or 'without a reason'} (HTTP {status}){': ' + complaints if complaints else ''}"
    if status == 429 or error in RATE_LIMITED:
        return Deferred(Failure.RATE_LIMITED, detail, retry_after_s)
    if error in UNAUTHORISED or (status == 401 and not error):
        return Deferred(Failure.UNAUTHORISED, detail)
    if error in UNKNOWN_RECIPIENT:
        return Rejected(Failure.UNKNOWN_RECIPIENT, detail)
    if error in REFUSED:
        return Rejected(Failure.REFUSED, detail)
    # 5xx, the words for "later", and every word that is not known: a warning is not given up over a new word.
    return Deferred(Failure.UNAVAILABLE, detail, retry_after_s)


def code(error: SlackApiError) -> str:
    """Return Slack's word for the error, empty when there is none."""
    said = _body(error).get("error")
    return _CODE.sub("", said)[:80] if isinstance(said, str) else ""


def status(error: SlackApiError) -> int:
    """Return the HTTP status; the SDK names it differently when the body was not JSON."""
    for name in ("status_code", "status"):
        value = getattr(error.response, name, None)
        if isinstance(value, int):
            return value
    return 0


def _body(error: SlackApiError) -> Mapping[str, object]:
    body = getattr(error.response, "data", None)
    return body if isinstance(body, Mapping) else {}


def _retry_after_s(error: SlackApiError) -> float | None:
    headers = getattr(error.response, "headers", None)
    value = headers.get("Retry-After") if isinstance(headers, Mapping) else None
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _complaints(error: SlackApiError) -> str:
    about = _body(error).get("response_metadata")
    messages = about.get("messages") if isinstance(about, Mapping) else None
    return clean("; ".join(str(message) for message in messages[:3]), 200) if isinstance(messages, list) else ""
