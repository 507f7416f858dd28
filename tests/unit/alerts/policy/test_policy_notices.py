from collections.abc import Sequence
from dataclasses import replace

from alerts.params import AlertParams
from alerts.policy import lifecycle
from alerts.policy.episode import Episode, Step
from alerts.policy.impact import Routes
from alerts.policy.notices import Told, announce, catch_up
from alerts.policy.scene import Around
from domain.alert import Severity
from domain.anomaly import Anomaly, AnomalyKind, AnomalyPhase
from domain.identity import derive
from domain.journeys import Landscape
from domain.notice import ChannelKind, ClientFacts, Hold, Notice, Notify, Phase, SquadFacts, Suppress
from tests.support.builders import (
    T0,
    a_client,
    a_forecast,
    a_journey,
    a_landscape,
    a_service,
    a_squad,
    a_stage,
    an_anomaly,
)

PARAMS = AlertParams.model_validate({"resolve_hold": "0s", "squad_update_gap": "30s", "group_wait": "0s"})


def warn(landscape: Landscape, anomaly: Anomaly | None = None) -> Told:
    step = lifecycle.opened(anomaly or an_anomaly(), Severity.WARNING, None, again=False)
    return announce(step, Routes(landscape), PARAMS)


def go_on(
    episode: Episode,
    landscape: Landscape,
    at: float,
    kind: AnomalyKind = AnomalyKind.LEVEL,
    confidence: float = 0.9,
    breach_at: float | None = None,
) -> Told:
    forecast = None if breach_at is None else a_forecast(breach_at, at)
    anomaly = an_anomaly(
        phase=AnomalyPhase.UPDATED, at=at, opened_at=T0, kind=kind, confidence=confidence, forecast=forecast
    )
    return announce(lifecycle.continued(episode, anomaly, Severity.WARNING), Routes(landscape), PARAMS)


def finish(episode: Episode, landscape: Landscape, at: float = T0 + 900) -> Told:
    over = an_anomaly(phase=AnomalyPhase.ENDED, at=at, opened_at=T0)
    return announce(lifecycle.calmed(episode, over, PARAMS), Routes(landscape), PARAMS)


def brief(notices: Sequence[Notice]) -> list[tuple[str, Phase, str]]:
    return [(notice.recipient, notice.phase, notice.decision.kind) for notice in notices]


def squad_facts(notice: Notice) -> SquadFacts:
    assert isinstance(notice.facts, SquadFacts)
    return notice.facts


def client_facts(notice: Notice) -> ClientFacts:
    assert isinstance(notice.facts, ClientFacts)
    return notice.facts


def test_a_warning_goes_to_the_squad_and_to_the_client_who_agreed() -> None:
    told = warn(a_landscape())

    assert brief(told.notices) == [
        ("#squad-payments", Phase.WARNING, "notify"),
        ("ops@bank-042.example", Phase.WARNING, "notify"),
    ]
    assert [(notice.squad, notice.client) for notice in told.notices] == [("payments", None), (None, "bank-042")]
    assert told.episode.debt == 2


def test_a_squad_reads_everything_and_why_it_is_told() -> None:
    runbook = a_landscape(services=[a_service(runbook="https://runbook.example")], clients=[a_client()])

    facts = squad_facts(warn(runbook).notices[0])

    assert facts.reason == "answers for payments-api; journey Payment initiation, stage submit, meets payments-api"
    assert facts.runbook == "https://runbook.example"
    assert facts.clients == ("bank-042",)
    assert facts.client_decisions == ("Example Bank (bank-042): told, 1 contact: 90% sure reaches the client's 80%",)


def test_a_squad_sees_who_is_not_told_and_why() -> None:
    clients = [
        a_client("asks", "Asks", approval="required", emails=["a@x.example", "b@x.example"]),
        a_client("never", "Never", approval="never"),
        a_client("mute", "Mute", emails=[]),
    ]

    assert squad_facts(warn(a_landscape(clients=clients)).notices[0]).client_decisions == (
        "Asks (asks): held: approval required: nobody has approved",
        "Never (never): not told: the client is never written to",
        "Mute (mute): not told: no contact",
    )


def test_a_squad_reads_what_else_is_foreseen_of_the_service_and_a_client_only_what_leads() -> None:
    sooner = a_forecast(T0 + 60, metric="pool_in_use", confidence=0.61)
    anomaly = replace(an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast(T0 + 600)), further=(sooner,))

    squad, client = warn(a_landscape(), anomaly).notices

    assert squad_facts(squad).further == (sooner,)
    assert client_facts(client).expected_at == T0 + 600


def test_a_client_reads_the_first_forecast_that_is_as_sure_as_they_ask_whatever_leads() -> None:
    doubtful, sure = a_forecast(T0 + 60, confidence=0.58), a_forecast(T0 + 600, metric="disk_used", confidence=0.93)
    found = an_anomaly(kind=AnomalyKind.FORECAST, confidence=0.58, forecast=doubtful)

    _, client = warn(a_landscape(), replace(found, further=(sure,))).notices

    assert client.decision == Notify("93% sure reaches the client's 80%")
    assert (client_facts(client).expected_at, client_facts(client).confidence) == (T0 + 600, 0.93)


def test_a_client_reads_no_doubtful_time_beside_what_is_sure() -> None:
    landscape = a_landscape()
    level = lifecycle.opened(an_anomaly(), Severity.WARNING, None, again=False).episode
    doubtful = an_anomaly(
        "ledger-db", kind=AnomalyKind.FORECAST, confidence=0.58, forecast=a_forecast(T0 + 60, confidence=0.58)
    )
    joined = lifecycle.opened(doubtful, Severity.WARNING, None, again=False, joins=level)
    step = lifecycle.echoed(level, joined)
    told = announce(step, Routes(landscape), PARAMS, Around((joined.episode,)))

    (client,) = (notice for notice in told.notices if notice.client is not None)
    assert client.decision == Notify("90% sure reaches the client's 80%")
    assert (client_facts(client).expected_at, client_facts(client).confidence) == (None, 0.9)


def test_what_a_person_has_to_decide_about_has_a_time_however_doubtful() -> None:
    found = an_anomaly(
        kind=AnomalyKind.FORECAST, confidence=0.58, forecast=a_forecast(T0 + 600, confidence=0.58), evidence=[]
    )

    _, client = warn(a_landscape(), found).notices

    assert client.decision == Suppress("58% sure is below the client's 80%")
    assert (client_facts(client).expected_at, client_facts(client).confidence) == (T0 + 600, 0.58)


def test_a_client_reads_their_journeys_and_when() -> None:
    forecast = a_forecast(T0 + 600)

    facts = client_facts(warn(a_landscape(), an_anomaly(forecast=forecast)).notices[1])

    assert facts == ClientFacts(
        client_name="Example Bank",
        locale="en",
        timezone="Europe/Berlin",
        journeys=("Payment initiation",),
        stages=("submit",),
        started_at=T0,
        expected_at=T0 + 600,
        earliest_at=forecast.earliest_at,
        latest_at=forecast.latest_at,
        confidence=0.8,  # of what they are told to expect, not of the finding as a whole
    )


def test_a_client_reads_of_no_journey_but_their_own() -> None:
    landscape = a_landscape(
        journeys=[a_journey(), a_journey("inner", a_stage("inside", "payments-api"), title="Settlement of Other Bank")],
        squads=[],
    )

    facts = client_facts(warn(landscape).notices[0])

    assert (facts.journeys, facts.stages) == (("Payment initiation",), ("submit",))


def test_an_impact_that_has_begun_is_not_expected_any_more() -> None:
    anomaly = an_anomaly(kind=AnomalyKind.BREACH, forecast=a_forecast())

    assert client_facts(warn(a_landscape(), anomaly).notices[1]).expected_at is None


def test_ids_and_threads_follow_from_alert_and_recipient() -> None:
    squad, client = warn(a_landscape()).notices

    assert squad.thread == derive("thread", squad.alert, "slack", "#squad-payments")
    assert squad.id == derive("notice", squad.alert, 1, "warning", "slack", "#squad-payments")
    assert client.thread == derive("thread", client.alert, "email", "ops@bank-042.example", "bank-042")
    assert client.id == derive("notice", client.alert, 1, "warning", "email", "ops@bank-042.example", "bank-042")


def test_squads_that_share_a_channel_get_one_notice_with_both_reasons() -> None:
    landscape = a_landscape(squads=[a_squad("payments", "#ops"), a_squad("data", "#ops")], clients=[])

    told = warn(landscape, an_anomaly("ledger-db"))

    assert brief(told.notices) == [("#ops", Phase.WARNING, "notify")]
    assert squad_facts(told.notices[0]).reason == (
        "data: answers for ledger-db; "
        "payments: journey Payment initiation, stage submit, meets payments-api, which needs ledger-db"
    )


def test_two_clients_who_share_a_contact_get_two_threads() -> None:
    both = ["desk@shared.example"]
    landscape = a_landscape(squads=[], clients=[a_client("a", "A", emails=both), a_client("b", "B", emails=both)])

    notices = warn(landscape).notices

    assert len({notice.id for notice in notices}) == len({notice.thread for notice in notices}) == 2
    assert [client_facts(notice).client_name for notice in notices] == ["A", "B"]


def test_every_contact_gets_a_notice_and_none_gets_two() -> None:
    landscape = a_landscape(squads=[], clients=[a_client(emails=["a@x.example", "b@x.example", "a@x.example"])])

    assert [notice.recipient for notice in warn(landscape).notices] == ["a@x.example", "b@x.example"]


def test_a_held_or_suppressed_warning_is_recorded_once_and_owes_no_ending() -> None:
    landscape = a_landscape(squads=[], clients=[a_client("a", approval="required"), a_client("b", approval="never")])

    warned = warn(landscape)
    again = go_on(warned.episode, landscape, T0 + 60, kind=AnomalyKind.BREACH)

    assert [type(notice.decision) for notice in warned.notices] == [Hold, Suppress]
    assert again.notices == ()
    assert finish(again.episode, landscape).notices == ()


def test_a_client_is_warned_later_when_the_confidence_rises() -> None:
    landscape = a_landscape(squads=[])

    low = warn(landscape, an_anomaly(confidence=0.5))
    still_low = go_on(low.episode, landscape, T0 + 60, confidence=0.6)
    high = go_on(still_low.episode, landscape, T0 + 120, confidence=0.85)

    assert brief(low.notices) == [("ops@bank-042.example", Phase.WARNING, "suppress")]
    assert still_low.notices == ()
    assert brief(high.notices) == [("ops@bank-042.example", Phase.WARNING, "notify")]
    assert brief(finish(high.episode, landscape).notices) == [("ops@bank-042.example", Phase.ALL_CLEAR, "notify")]


def test_a_client_is_told_once_that_the_impact_has_begun() -> None:
    landscape = a_landscape(squads=[])
    warned = warn(landscape, an_anomaly(forecast=a_forecast()))

    begun = go_on(warned.episode, landscape, T0 + 60, kind=AnomalyKind.BREACH)
    still = go_on(begun.episode, landscape, T0 + 120, kind=AnomalyKind.BREACH)

    assert brief(begun.notices) == [("ops@bank-042.example", Phase.UPDATE, "notify")]
    assert begun.notices[0].decision == Notify("the impact has begun")
    assert still.notices == ()


def test_a_client_is_told_a_new_time_only_when_it_moves_materially_and_only_once() -> None:
    landscape = a_landscape(squads=[])
    warned = warn(landscape, an_anomaly(forecast=a_forecast(T0 + 600)))  # told: in 10 minutes

    little = go_on(warned.episode, landscape, T0 + 100, breach_at=T0 + 800)  # 200 s of 500 s left
    much = go_on(little.episode, landscape, T0 + 100, breach_at=T0 + 900)  # 300 s of 500 s left
    again = go_on(much.episode, landscape, T0 + 200, breach_at=T0 + 4000)

    assert little.notices == ()
    assert [notice.decision.reason for notice in much.notices] == ["the expected time has moved"]
    assert client_facts(much.notices[0]).expected_at == T0 + 900
    assert again.notices == ()


def test_a_first_time_is_worth_telling() -> None:
    landscape = a_landscape(squads=[])

    told = go_on(warn(landscape).episode, landscape, T0 + 60, breach_at=T0 + 600)

    assert [notice.phase for notice in told.notices] == [Phase.UPDATE]


def test_a_confidence_that_sinks_does_not_silence_what_a_warned_client_has_to_know() -> None:
    landscape = a_landscape(squads=[])

    told = go_on(warn(landscape).episode, landscape, T0 + 60, kind=AnomalyKind.BREACH, confidence=0.1)

    assert [notice.phase for notice in told.notices] == [Phase.UPDATE]


def test_a_client_who_withdrew_their_consent_gets_the_ending_and_no_update() -> None:
    warned = warn(a_landscape(squads=[]))
    withdrawn = a_landscape(squads=[], clients=[a_client(approval="never")])

    update = go_on(warned.episode, withdrawn, T0 + 60, kind=AnomalyKind.BREACH)

    assert update.notices == ()
    assert brief(finish(update.episode, withdrawn).notices) == [("ops@bank-042.example", Phase.ALL_CLEAR, "notify")]


def test_a_squads_updates_keep_their_distance_and_the_last_one_is_not_lost() -> None:
    landscape = a_landscape(clients=[])
    routes = Routes(landscape)

    early = go_on(warn(landscape).episode, landscape, T0 + 10)
    waiting = catch_up(early.episode, T0 + 29, routes, PARAMS)
    due = catch_up(waiting.episode, T0 + 30, routes, PARAMS)
    after = catch_up(due.episode, T0 + 99, routes, PARAMS)

    assert early.notices == waiting.notices == after.notices == ()
    assert [(notice.phase, notice.sequence) for notice in due.notices] == [(Phase.UPDATE, 2)]


def test_a_step_is_told_to_a_squad_once() -> None:
    landscape = a_landscape(clients=[])
    told = go_on(warn(landscape).episode, landscape, T0 + 60)

    assert catch_up(told.episode, T0 + 600, Routes(landscape), PARAMS).notices == ()


def test_of_two_squads_only_the_one_that_is_behind_is_told_later() -> None:
    before = a_landscape(clients=[])
    after = replace(before, services=(a_service("ledger-db", "data"), a_service(squad="data")))
    routes = Routes(after)

    early = go_on(warn(before).episode, after, T0 + 10)  # a second squad joins while the first has to wait
    due = catch_up(early.episode, T0 + 60, routes, PARAMS)

    assert brief(early.notices) == [("#squad-data", Phase.WARNING, "notify")]
    assert brief(due.notices) == [("#squad-payments", Phase.UPDATE, "notify")]


def test_what_matters_does_not_wait() -> None:
    landscape = a_landscape(clients=[])

    told = go_on(warn(landscape).episode, landscape, T0 + 1, kind=AnomalyKind.BREACH)

    assert [notice.phase for notice in told.notices] == [Phase.UPDATE]


def test_the_ending_goes_to_whoever_was_warned_as_they_were() -> None:
    warned = warn(a_landscape())

    gone = finish(warned.episode, a_landscape(services=[], journeys=[], squads=[], clients=[]))

    assert brief(gone.notices) == [
        ("#squad-payments", Phase.ALL_CLEAR, "notify"),
        ("ops@bank-042.example", Phase.ALL_CLEAR, "notify"),
    ]
    assert gone.notices[1].facts == warned.notices[1].facts
    assert gone.episode.debt == 0


def test_a_withdrawn_forecast_is_told_as_a_retraction() -> None:
    landscape = a_landscape()

    told = finish(warn(landscape, an_anomaly(kind=AnomalyKind.FORECAST, forecast=a_forecast())).episode, landscape)

    assert [notice.phase for notice in told.notices] == [Phase.RETRACTION, Phase.RETRACTION]


def test_recipients_that_appear_later_are_warned_later_and_get_no_update_first() -> None:
    before = a_landscape()
    after = replace(before, clients=(*before.clients, a_client("late", "Late Bank")))

    told = go_on(warn(before).episode, after, T0 + 60)

    assert brief(told.notices) == [
        ("#squad-payments", Phase.UPDATE, "notify"),
        ("ops@late.example", Phase.WARNING, "notify"),
    ]


def test_a_client_is_told_when_more_of_their_journeys_are_affected() -> None:
    both = ["payment-initiation", "report"]
    client = a_client(journeys=both)
    warned = warn(a_landscape(squads=[], clients=[client]))
    wider = a_landscape(squads=[], clients=[client], journeys=[a_journey(), a_journey("report", title="Report")])

    told = go_on(warned.episode, wider, T0 + 60)

    assert [notice.decision.reason for notice in told.notices] == ["more of their journeys are affected"]
    assert client_facts(told.notices[0]).journeys == ("Payment initiation", "Report")


def test_a_step_that_changed_nothing_tells_nobody() -> None:
    episode = warn(a_landscape()).episode

    assert announce(Step(episode), Routes(a_landscape()), PARAMS) == Told(episode)


def test_only_channels_of_the_product_are_used() -> None:
    assert {notice.channel for notice in warn(a_landscape()).notices} == {ChannelKind.SLACK, ChannelKind.EMAIL}
