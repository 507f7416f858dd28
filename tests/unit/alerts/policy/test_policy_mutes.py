from dataclasses import replace

from alerts.policy.episode import Episode
from alerts.policy.lifecycle import continued, opened
from alerts.policy.mutes import Mute, mute_of
from domain.alert import Severity
from domain.anomaly import Anomaly
from domain.identity import ServiceId
from tests.support.builders import T0, a_forecast, an_anomaly, an_evidence

API = ServiceId("payments-api")


def an_episode(anomaly: Anomaly) -> Episode:
    return opened(anomaly, Severity.WARNING, None, again=False).episode


def a_mute(name: str = "one", until: float = T0 + 60, metric: str | None = None, *services: ServiceId) -> Mute:
    return Mute(name, services, metric, f"silenced by {name}", until)


def test_a_mute_without_services_covers_all_and_a_mute_ends() -> None:
    episode, mute = an_episode(an_anomaly()), a_mute()

    assert mute_of(episode, [mute], T0 + 59) is mute
    assert mute_of(episode, [mute], T0 + 60) is None


def test_another_service_is_not_quiet() -> None:
    assert mute_of(an_episode(an_anomaly("cache")), [a_mute("one", T0 + 60, None, API)], T0) is None


def test_a_metric_is_quiet_only_while_nothing_else_is_found() -> None:
    mute = a_mute("one", T0 + 60, "latency_p95_ms", API)
    both = an_anomaly(evidence=[an_evidence(), an_evidence(metric="error_ratio")])
    forecast = an_anomaly(forecast=a_forecast(metric="error_ratio"))

    assert mute_of(an_episode(an_anomaly()), [mute], T0) is mute
    assert mute_of(an_episode(both), [mute], T0) is None
    assert mute_of(an_episode(forecast), [mute], T0) is None


def test_a_silence_of_one_metric_does_not_hide_what_is_foreseen_of_another() -> None:
    foreseen = an_anomaly(forecast=a_forecast())
    mute = Mute("m", (ServiceId("payments-api"),), "latency_p95_ms", "silenced", T0 + 600)

    assert mute.covers(foreseen)
    assert not mute.covers(replace(foreseen, further=(a_forecast(metric="pool_in_use"),)))


def test_a_second_finding_that_is_not_covered_breaks_the_silence() -> None:
    episode = an_episode(an_anomaly())
    other = an_anomaly(at=T0 + 5, evidence=[an_evidence(metric="error_ratio")])

    both = continued(episode, other, Severity.WARNING).episode

    assert mute_of(both, [a_mute("one", T0 + 60, "latency_p95_ms", API)], T0 + 6) is None


def test_of_two_mutes_the_one_that_lasts_counts() -> None:
    long = a_mute("long", T0 + 600)

    assert mute_of(an_episode(an_anomaly()), [a_mute(), long], T0) is long
