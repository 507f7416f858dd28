"""A hint: a service of which nobody has promised anything is merely unusual, and services that need it have objectives.

Those objectives say whether anybody feels it. Until one of them is in danger, which is an alert of its own, a hint is
for squads alone; and beside an alert that began before it, it is more likely what that one does to it than its cause.
"""

from alerts.policy.episode import Episode
from alerts.policy.impact import Routes
from domain.anomaly import Anomaly, AnomalyKind


def is_hint(alert: Episode, routes: Routes) -> bool:
    """Whether nothing but a hint leads an alert; what people have declared an incident is more."""
    merely = alert.lead.kind is AnomalyKind.LEVEL and not is_foretold(alert.lead) and alert.incident is None
    return merely and routes.is_spoken_for(alert.service)


def is_foretold(anomaly: Anomaly) -> bool:
    """Whether a finding says what comes: that a limit will be passed, or an incident declared."""
    return anomaly.kind is AnomalyKind.FORECAST or anomaly.forecast is not None
