"""Which of the services that one needs was unusual first."""

from alerts.policy.impact import Routes
from alerts.policy.upstream import began_at, candidates, line
from domain.anomaly import Anomaly
from domain.identity import ServiceId
from domain.journeys import Landscape, Service
from tests.support.builders import T0, an_anomaly, an_evidence

GATEWAY, API, DB, CACHE = (ServiceId(name) for name in ("gateway", "payments-api", "ledger-db", "cache"))
ROUTES = Routes(
    Landscape(
        services=(
            Service(GATEWAY, depends_on=(API,)),
            Service(API, depends_on=(DB, CACHE)),
            Service(DB, depends_on=(CACHE,)),
            Service(CACHE),
        )
    )
)


def unusual(service: ServiceId, since: float) -> Anomaly:
    return an_anomaly(service, at=T0 + 100, evidence=[an_evidence(service, since=T0 + 90), an_evidence(since=since)])


def test_a_needed_service_that_was_unusual_earlier_is_named_with_how_much_earlier() -> None:
    (found,) = candidates(unusual(API, T0 + 60), [unusual(DB, T0 + 20)], ROUTES)
    assert (found.service, found.earlier_s) == (DB, 40.0)
    assert line(found, API) == "ledger-db, which payments-api needs, was unusual 40 s before it"


def test_what_came_later_or_at_the_same_time_or_is_not_needed_is_not_named() -> None:
    trouble = unusual(API, T0 + 60)
    others = [unusual(DB, T0 + 61), unusual(CACHE, T0 + 60), unusual(GATEWAY, T0), unusual(ServiceId("psp"), T0)]
    assert candidates(trouble, [*others, trouble], ROUTES) == ()


def test_the_one_that_needs_none_of_the_others_comes_first_though_it_was_seen_later() -> None:
    found = candidates(unusual(GATEWAY, T0 + 60), [unusual(API, T0 + 10), unusual(CACHE, T0 + 30)], ROUTES)
    assert [each.service for each in found] == [CACHE, API]


def test_of_several_findings_of_a_service_the_first_counts_in_any_order() -> None:
    others = [unusual(DB, T0 + 40), unusual(DB, T0 + 10), unusual(CACHE, T0 + 30)]
    found = candidates(unusual(API, T0 + 60), others, ROUTES)
    assert found == candidates(unusual(API, T0 + 60), others[::-1], ROUTES)
    assert {each.service: each.earlier_s for each in found} == {CACHE: 30.0, DB: 50.0}


def test_a_finding_without_evidence_began_when_it_opened() -> None:
    assert began_at(an_anomaly(at=T0 + 7, evidence=[])) == T0 + 7
