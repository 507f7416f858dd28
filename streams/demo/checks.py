"""When a run of the demo counts as a success: the pipeline did its work end to end, and it was of use. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.identity import NoticeId
from domain.notice import Notice, Notify
from streams.demo.report import Report

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true at the end. ``detail`` says what was found."""

    claim: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What was counted from outside of the pipeline.

    ``arrived`` are the ids of the notices that the Slack stand-in and the mail sink really hold. ``pressed`` is what
    messages must show of the buttons that were pressed, ``shown`` all that they do show.
    """

    produced: int
    handled: int
    dead_letters: Sequence[str]
    arrived: Collection[NoticeId]
    pressed: Sequence[str]
    shown: str


def checks(result: Report, notices: Iterable[Notice], seen: Observed) -> tuple[Check, ...]:
    """Return every check, held or not."""
    said = tuple(notices)
    to_send = {notice.id for notice in said if isinstance(notice.decision, Notify)}
    lost = to_send - set(seen.arrived)
    versions = Counter(notice.id for notice in set(said))
    twofold = [identity for identity, count in versions.items() if count > 1]
    owed = result.owed
    ahead = result.fully_warned
    unseen = [words for words in seen.pressed if words not in seen.shown]
    waiting = [f"{notice.phase} to {notice.recipient}" for notice in result.undelivered]
    return (
        Check(
            "everything produced was consumed, and nothing was refused",
            seen.handled == seen.produced and not seen.dead_letters,
            f"{seen.produced} messages produced, {seen.handled} handled, {len(seen.dead_letters)} dead letters"
            f"{_some(seen.dead_letters)}",
        ),
        Check(
            "every notice that was to be sent has a receipt that says delivered",
            not waiting,
            f"{len(to_send) - len(waiting)} of {len(to_send)} delivered{_some(waiting)}",
        ),
        Check(
            "every such notice is really there: in Slack's stand-in or in the mail sink",
            not lost,
            f"{len(to_send) - len(lost)} of {len(to_send)} arrived{_some(sorted(lost))}",
        ),
        Check(
            "no notice id stands for two different messages",
            not twofold,
            f"{len(versions)} ids{_some(sorted(twofold))}",
        ),
        Check(
            "everyone who was warned was told the end",
            not owed,
            f"{len(owed)} endings owed{_some(owed)}",
        ),
        Check(
            "at least one incident: a squad and a client warned before the impact and told the end",
            ahead > 0,
            f"{ahead} of {len(result.hurtful)} incidents",
        ),
        Check(
            "what people pressed in Slack stands in its messages",
            bool(seen.pressed) and not unseen,
            f"{len(seen.pressed) - len(unseen)} of {len(seen.pressed)} presses{_some(unseen)}",
        ),
    )


def ended(statuses: Mapping[str, int | None]) -> Check:
    """Return whether the processes ended well; ``statuses`` are those of their exits, None for one that was killed."""
    bad = [f"{name} {_ending(status)}" for name, status in statuses.items() if status != 0]
    return Check(
        "every process ended well when it was asked to", not bad, ", ".join(bad) or f"{len(statuses)} processes"
    )


def _ending(status: int | None) -> str:
    return "was killed: it did not end in time" if status is None else f"ended with {status}"


def _some(names: Collection[str]) -> str:
    """Return the first few names for a detail, with how many more there are."""
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"; not so: {', '.join(list(names)[:_SHOWN])}{more}"
