"""What `foreshock init` proposes of a metric: which side is harm, how soon clients feel it, and a first limit."""

import pytest

from streams.sketch_limits import Range, Rank, proposed

FELT, SOON, OTHER, CONSTANT = Rank.FELT, Rank.SOON_FELT, Rank.OTHER, Rank.CONSTANT


@pytest.mark.parametrize(
    ("name", "rank", "above"),
    [
        ("request_p99_seconds", FELT, True),
        ("latencyP95Ms", FELT, True),
        ("http.server.request.duration", FELT, True),
        ("error_ratio", FELT, True),
        ("http_5xx_per_s", FELT, True),
        ("calls_failed_total", FELT, True),
        ("replicas_unavailable", FELT, True),
        ("login_success_ratio", FELT, False),
        ("availability", FELT, False),
        ("success_latency_ms", FELT, True),
        ("free_list_wait_seconds", FELT, True),
        ("call_seconds", FELT, True),
        ("volume_used_ratio", SOON, True),
        ("consumer_lag", SOON, True),
        ("queue_depth", SOON, True),
        ("backup_age_hours", SOON, True),
        ("queue_free_slots", SOON, False),
        ("filesystem_free_bytes", SOON, False),
        ("node_memory_MemAvailable_bytes", SOON, False),
        ("replicas_ready", SOON, False),
        ("replicas_not_ready", OTHER, True),
        ("certificate_days_left", SOON, False),
        ("up", SOON, False),
        ("warm_up_jobs", OTHER, True),
        ("cache_hit_ratio", SOON, False),
        ("rate_limit_hit_total", OTHER, True),
        ("error_budget_remaining", FELT, False),
        ("error_budget_burn", FELT, True),
        ("process_start_time_seconds", OTHER, True),
        ("requests_total", OTHER, True),
        ("memory_bytes", OTHER, True),
        ("жизнь", OTHER, True),
    ],
)  # fmt: skip
def test_a_name_says_which_side_is_harm_and_how_soon_it_is_felt(name: str, rank: Rank, *, above: bool) -> None:
    found = proposed(name, Range(counts=False, low=3.0, high=7.0))
    assert (found.rank, found.above) == (rank, above)
    assert found.limit == (7.0 if above else 3.0), "no worse than it ever was"


def test_seconds_that_are_counted_are_no_duration_that_clients_wait() -> None:
    assert proposed("process_cpu_seconds_total", Range(counts=True, low=0.1, high=0.2)).rank is OTHER
    assert proposed("gc_seconds", Range(counts=True, low=0.1, high=0.2)).rank is OTHER


@pytest.mark.parametrize(
    ("name", "low", "high", "limit"),
    [
        ("up", 0.0, 1.0, 0.5),
        ("replicas_ready", 0.0, 4.0, 2.0),
        ("cpu_used_percent", 20.0, 100.0, 60.0),
        ("error_ratio", 0.0, 1.0, 0.5),
        ("up", 1.0, 1.0, 1.0),
        ("errors", 0.0, 100.0, 100.0),
        ("queue_depth", 0.0, 1.0, 1.0),
    ],
)
def test_a_limit_that_nothing_could_pass_is_not_proposed(name: str, low: float, high: float, limit: float) -> None:
    assert proposed(name, Range(counts=False, low=low, high=high)).limit == limit


def test_what_never_changed_comes_last_unless_its_name_says_that_clients_feel_it() -> None:
    assert proposed("pool_size", Range(counts=False, low=8.0, high=8.0)).rank is CONSTANT
    assert proposed("errors_total", Range(counts=True, low=0.0, high=0.0)).rank is FELT


def test_of_a_counter_that_was_seen_once_no_rate_is_known() -> None:
    assert proposed("requests_total", Range(counts=True)).limit == 1.0
