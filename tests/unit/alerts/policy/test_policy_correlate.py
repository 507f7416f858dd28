from alerts.params import AlertParams
from alerts.policy.correlate import episode_to_join, probable_cause, tie
from alerts.policy.episode import Episode
from alerts.policy.impact import Routes
from alerts.policy.lifecycle import echoed, opened
from domain.alert import Severity
from domain.identity import ServiceId
from tests.support.builders import T0, a_landscape, a_service, an_anomaly

# web -> api -> db, and api -> cache; batch -> db; circle-a <-> circle-b
ROUTES = Routes(
    a_landscape(
        services=[
            a_service("web", depends_on=["api"]),
            a_service("api", depends_on=["db", "cache"]),
            a_service("batch", depends_on=["db"]),
            a_service("circle-a", depends_on=["circle-b"]),
            a_service("circle-b", depends_on=["circle-a"]),
            a_service("db"),
            a_service("cache"),
        ]
    )
)
PARAMS = AlertParams()
WEB, API, DB, CACHE, BATCH = (ServiceId(name) for name in ("web", "api", "db", "cache", "batch"))


def an_episode(service: str, at: float = T0, joins: Episode | None = None) -> Episode:
    return opened(an_anomaly(service, at=at), Severity.WARNING, None, again=False, joins=joins).episode


def test_services_along_a_path_are_related_and_siblings_are_not() -> None:
    assert ROUTES.related(WEB, DB)
    assert ROUTES.related(DB, WEB)
    assert not ROUTES.related(API, BATCH)
    assert not ROUTES.related(DB, CACHE)
    assert ROUTES.needs(WEB) == {API, DB, CACHE}
    assert ROUTES.needs(ServiceId("circle-a")) == {"circle-a", "circle-b"}
    assert ROUTES.needs(ServiceId("unheard-of")) == frozenset()


def test_of_several_episodes_the_first_is_joined() -> None:
    web, batch = an_episode("web", T0 + 10), an_episode("batch", T0)

    assert episode_to_join(an_anomaly("db", at=T0 + 20), [batch, web], ROUTES, PARAMS) is batch
    assert episode_to_join(an_anomaly("cache", at=T0 + 20), [batch, web], ROUTES, PARAMS) is web
    assert episode_to_join(an_anomaly("unheard-of", at=T0 + 20), [batch, web], ROUTES, PARAMS) is None


def test_what_is_near_a_member_joins_the_root_that_it_belongs_to() -> None:
    web = an_episode("web")
    step = opened(an_anomaly("db", at=T0 + 200), Severity.WARNING, None, again=False, joins=web)
    root = echoed(web, step).episode

    found = episode_to_join(an_anomaly("batch", at=T0 + 400), [root, step.episode], ROUTES, PARAMS)

    assert found is root
    assert (root.consequences, root.met) == ((DB,), (DB,))


def test_a_service_that_was_in_an_episode_comes_back_to_it_however_late() -> None:
    web = an_episode("web")
    joined = opened(an_anomaly("db"), Severity.WARNING, None, again=False, joins=web)
    root = echoed(web, joined).episode

    assert episode_to_join(an_anomaly("db", at=T0 + 9000), [root], ROUTES, PARAMS) is root
    assert episode_to_join(an_anomaly("api", at=T0 + 9000), [root], ROUTES, PARAMS) is None


def test_the_probable_cause_needs_none_of_the_others() -> None:
    assert probable_cause([an_episode(name) for name in ("web", "db", "api")], ROUTES) == DB
    assert probable_cause([an_episode("web")], ROUTES) is None
    assert probable_cause([an_episode("circle-a"), an_episode("circle-b")], ROUTES) == "circle-a"


def test_a_tie_is_said_from_the_nearer_end() -> None:
    assert tie(WEB, DB, ROUTES) == "needs db"
    assert tie(DB, WEB, ROUTES) == "web needs it"
    assert tie(BATCH, WEB, ROUTES) == "in trouble together with web"
