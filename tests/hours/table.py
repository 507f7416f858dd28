"""The figures of some hours, as text."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from tests.hours.score import Outcome, Tally, average, median


def table(tally: Tally) -> str:
    """Return the figures of all hours together, and a line for each kind of fault."""
    return "\n".join([*_figures(tally), "", *_kinds(tally)])


def _figures(tally: Tally) -> Iterator[str]:
    slow, sudden, data = (tally.of(group) for group in ("slow", "sudden", "data"))
    felt = _felt(slow)
    leads = [lead for outcome in felt if (lead := outcome.lead_s) is not None]
    shares = [share for outcome in felt if (share := outcome.share) is not None]
    yield _line("slow faults warned before the breach", f"{len(leads)} of {len(felt)}")
    yield _line("  of which by chance", _number(average([outcome.chance for outcome in felt]), "{:.1%}"))
    early = f"{_number(median(leads), '{:.0f} s')}, {_number(median(shares), '{:.2f} of the ramp')}"
    yield _line("  median lead of those warned", early)
    yield _line("  median lead of all, 0 where none", _number(median([o.lead_s or 0.0 for o in felt]), "{:.0f} s"))
    never = [outcome for outcome in slow if outcome.fault.breach_at is None]
    yield _line("  that were never felt, alerted", f"{_told(never)} of {len(never)}")
    felt = _felt(sudden)
    delays = [outcome.delay_s for outcome in sudden if outcome.delay_s is not None]
    yield _line("sudden faults told before the breach", f"{sum(o.lead_s is not None for o in felt)} of {len(felt)}")
    yield _line("  median delay", _number(median(delays), "{:.0f} s"))
    yield _line("data faults alerted", f"{_told(data)} of {len(data)}")
    yield _line("  named rightly", f"{sum(outcome.named for outcome in data)} of {len(data)}")
    yield _line("benign changes alerted", f"{tally.changes_alerted} of {tally.changes}")
    hours = f"{tally.calm_alerts} in {tally.calm_s / 3600:.1f} h"
    yield _line("alerts per calm hour", f"{tally.per_calm_hour:.2f} ({hours})")
    yield _line("alerts; open during a fault", f"{tally.alerts}; {tally.precision:.0%}")


def _kinds(tally: Tally) -> Iterator[str]:
    yield f"{'kind':30}{'faults':>7}{'felt':>6}{'warned':>8}{'alerted':>9}{'named':>7}{'lead s':>8}{'share':>7}"
    ordered = sorted(tally.outcomes, key=_kind)
    for kind, same in groupby(ordered, _kind):
        outcomes = list(same)
        leads = [lead for outcome in outcomes if (lead := outcome.lead_s) is not None]
        shares = [share for outcome in outcomes if (share := outcome.share) is not None]
        named = str(sum(outcome.named for outcome in outcomes)) if outcomes[0].fault.group == "data" else ""
        yield (
            f"{kind:30}{len(outcomes):7}{len(_felt(outcomes)):6}{len(leads):8}{_told(outcomes):9}{named:>7}"
            f"{_number(median(leads), '{:.0f}'):>8}{_number(median(shares), '{:.2f}'):>7}"
        )


def _kind(outcome: Outcome) -> str:
    return f"{outcome.fault.group}: {outcome.fault.kind}"


def _felt(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.fault.breach_at is not None]


def _told(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.delay_s is not None for outcome in outcomes)


def _line(name: str, figure: str) -> str:
    return f"{name:38}{figure}"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)
