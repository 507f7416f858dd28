from alerts.policy.impact import Routes, impact
from domain.identity import ServiceId
from domain.journeys import Landscape, Objective
from tests.support.builders import a_client, a_journey, a_landscape, a_service, a_squad, a_stage

LEDGER = ServiceId("ledger-db")


def a_bank() -> Landscape:
    """Return a landscape of gateway -> payments-api -> ledger-db and of reporting -> ledger-db."""
    return a_landscape(
        services=[
            a_service("gateway", "edge", ["payments-api"]),
            a_service("payments-api", "payments", ["ledger-db"]),
            a_service("reporting", "reports", ["ledger-db"]),
            a_service("ledger-db", "data"),
        ],
        journeys=[
            a_journey("pay", a_stage("log in", "gateway"), a_stage("submit", "payments-api"), title="Pay"),
            a_journey("report", a_stage("send", "reporting"), title="Report", squad="reports"),
        ],
        squads=[a_squad(name) for name in ("edge", "payments", "reports", "data")],
        clients=[
            a_client("a", journeys=["pay"]),
            a_client("b", journeys=["report", "pay"]),
            a_client("c", journeys=[]),
        ],
    )


def test_trouble_follows_dependencies_to_every_journey_that_meets_them() -> None:
    found = impact(a_bank(), LEDGER)

    assert [(affected.journey, affected.stage, affected.touchpoint, affected.path) for affected in found.journeys] == [
        ("pay", "log in", "call gateway", ("ledger-db", "payments-api", "gateway")),
        ("pay", "submit", "call payments-api", ("ledger-db", "payments-api")),
        ("report", "send", "call reporting", ("ledger-db", "reporting")),
    ]


def test_every_squad_has_its_reason_in_plain_words() -> None:
    shorter = "journey Pay, stage submit, meets payments-api, which needs ledger-db"

    assert impact(a_bank(), LEDGER).squads == (
        ("data", "answers for ledger-db"),
        (
            "payments",
            f"journey Pay, stage log in, meets gateway, which needs payments-api, which needs ledger-db; {shorter}",
        ),
        ("reports", "journey Report, stage send, meets reporting, which needs ledger-db"),
    )


def test_a_client_is_affected_through_their_own_journeys_only() -> None:
    assert impact(a_bank(), LEDGER).clients == (
        ("a", ("pay",), "uses Pay"),
        ("b", ("pay", "report"), "uses Pay, Report"),
    )
    assert impact(a_bank(), ServiceId("reporting")).clients == (("b", ("report",), "uses Report"),)


def test_trouble_does_not_run_downstream() -> None:
    found = impact(a_bank(), ServiceId("gateway"))

    assert [affected.stage for affected in found.journeys] == ["log in"]


def test_the_shorter_of_two_paths_is_told() -> None:
    landscape = a_landscape(
        services=[
            a_service("front", depends_on=["middle", "back"]),
            a_service("middle", depends_on=["back"]),
            a_service("back"),
        ],
        journeys=[a_journey("pay", a_stage("submit", "front"))],
    )

    assert [affected.path for affected in impact(landscape, ServiceId("back")).journeys] == [("back", "front")]


def test_a_cycle_of_dependencies_ends() -> None:
    services = [a_service("one", depends_on=["two"]), a_service("two", depends_on=["one"])]
    landscape = a_landscape(services=services, journeys=[a_journey("pay", a_stage("submit", "one"))])

    assert [affected.path for affected in impact(landscape, ServiceId("two")).journeys] == [("two", "one")]


def test_a_service_that_nobody_claims_goes_to_the_fallback_squad() -> None:
    landscape = a_landscape(services=[a_service(squad=None)], fallback_squad="data")

    assert impact(landscape, ServiceId("unheard-of")).squads == (
        ("data", "is the fallback: no squad answers for unheard-of"),
    )
    assert impact(landscape, ServiceId("payments-api")).squads[0][0] == "data"
    assert impact(a_landscape(), ServiceId("unheard-of")).squads == ()


def test_names_from_telemetry_are_not_kept() -> None:
    routes = Routes(a_landscape())

    for number in range(100):
        routes.impact(ServiceId(f"made-up-{number}"))
    routes.impact(LEDGER)

    assert list(routes._known) == [LEDGER]


def test_an_objective_on_one_way_to_a_journey_does_not_speak_for_another_way_however_long() -> None:
    promise = Objective("latency_p95_ms", 800.0, above=True)

    def reached(*promised: str) -> set[str]:
        needs = {"cache": [], "portal": ["cache"], "loader": ["cache"], "rates": ["loader"], "web": ["portal", "rates"]}
        services = [
            a_service(name, None, needed, [promise] if name in promised else []) for name, needed in needs.items()
        ]
        landscape = a_landscape(services=services, journeys=[a_journey("look", a_stage("look up", "web"))])
        return {str(journey) for journey in Routes(landscape).unpromised(ServiceId("cache"))}

    assert (reached("portal"), reached("rates")) == ({"look"}, {"look"})
    assert (reached("portal", "rates"), reached("web")) == (set(), set())
