"""A pull's checkpoint, its waits and what the connection's owner is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.clock import HOUR, MINUTE, SECOND
from shared.core.work.item import Status
from shared.crm.pull import MAX_FAILURES, Checkpoint, Pull, connection_status, pull_problem, wait_after
from shared.crm.source import PullProblem, SourceBusy, SourceDown, SourceError, SourcePaused, SourceRefused

NOW = 1_795_161_600_000
DOWN = SourceDown(PullProblem.PROVIDER_UNAVAILABLE)


def test_a_checkpoint_counts_and_ends_with_the_last_page() -> None:
    """Given two pages, when the second has no next, then both are counted and the pull is complete."""
    begun = Checkpoint.start(NOW)
    half = begun.held_up(PullProblem.RATE_LIMITED).advanced(100, 90, "100", NOW + 1)
    done = half.advanced(20, 0, None, NOW + 2)

    assert half == Checkpoint("100", 1, 100, 90, 0, None, NOW, None, None)
    assert done == Checkpoint(None, 2, 120, 90, 0, None, NOW, NOW + 2, NOW + 2)


def test_a_failed_pull_remembers_the_last_complete_one() -> None:
    """Given a complete pull before, when the next ends early, then both moments are told."""
    ended = Checkpoint.start(NOW, completed_at=NOW - HOUR).ended(PullProblem.UNAUTHORIZED, NOW + 1)

    assert (ended.problem, ended.ended_at, ended.completed_at) == ("unauthorized", NOW + 1, NOW - HOUR)


def test_a_checkpoint_survives_storing() -> None:
    """Given a checkpoint, when stored and read, then it is the same."""
    point = Checkpoint.start(NOW).advanced(100, 90, "100", NOW).held_up(PullProblem.RATE_LIMITED)

    assert Checkpoint.read(point.attributes()) == point


@pytest.mark.parametrize(
    ("status", "problem", "told"),
    [
        (Status.PENDING, None, ("syncing", None)),
        (Status.CLAIMED, PullProblem.RATE_LIMITED, ("syncing", "rate_limited")),
        (Status.DONE, None, ("active", None)),
        (Status.FAILED, PullProblem.UNAUTHORIZED, ("unauthorized", "unauthorized")),
        (Status.FAILED, PullProblem.FORBIDDEN, ("forbidden", "forbidden")),
        (Status.FAILED, PullProblem.REJECTED, ("failed", "rejected")),
        (Status.FAILED, PullProblem.PROVIDER_UNAVAILABLE, ("failed", "provider_unavailable")),
        (Status.PARKED, None, ("failed", "internal")),
    ],
)
def test_the_owner_is_told(status: Status, problem: PullProblem | None, told: tuple[str, str | None]) -> None:
    """Given a pull, when its connection is shown, then status and problem follow from it."""
    point = Checkpoint.start(NOW)
    pull = Pull(status, point.held_up(problem) if problem else point, NOW)

    assert (connection_status(pull).value, pull_problem(pull)) == told


def test_a_connection_without_a_pull_is_new() -> None:
    """Given no pull, when its connection is shown, then it is new."""
    assert connection_status(None).value == "new"


def test_a_refusal_is_never_repeated() -> None:
    """Given a refusal, when asked for a wait, then there is none."""
    assert wait_after(SourceRefused(PullProblem.UNAUTHORIZED), 0, 0.5) is None


def test_waits_double_to_a_cap_with_half_of_them_jitter() -> None:
    """Given failures in a row, when waits are drawn, then 5 s doubling to 15 min, at least half of it."""
    longest = [wait_after(DOWN, n, 1.0) for n in range(MAX_FAILURES - 1)]
    shortest = [wait_after(DOWN, n, 0.0) for n in range(MAX_FAILURES - 1)]

    assert longest[:4] == [5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert longest[-1] == 15 * MINUTE
    assert shortest == [wait // 2 for wait in longest if wait is not None]


def test_a_provider_that_stays_down_is_given_up_and_a_rate_limit_never() -> None:
    """Given twelve failures in a row, when it is down, then the end; when it is busy, then another wait."""
    assert wait_after(DOWN, MAX_FAILURES - 2, 0) is not None
    assert wait_after(DOWN, MAX_FAILURES - 1, 0) is None
    assert wait_after(SourceBusy(PullProblem.RATE_LIMITED), 10_000, 1.0) == 15 * MINUTE


@given(
    st.sampled_from([SourceBusy, SourceDown]), st.integers(0, 10**9), st.integers(0, MAX_FAILURES - 2), st.floats(0, 1)
)
def test_a_provider_is_never_asked_sooner_than_it_wants_within_the_hour(
    kind: type[SourceError], asked: int, failures: int, chance: float
) -> None:
    """Given what a provider asks for, when a wait is drawn, then at least that, and never beyond an hour for it."""
    wait = wait_after(kind(PullProblem.RATE_LIMITED, asked), failures, chance)

    assert wait is not None
    assert min(asked, HOUR) <= wait <= HOUR


def test_a_pause_is_waited_for_and_is_no_try() -> None:
    """Given an open circuit, however many tries are used up, then as long as it says and up to 5 s, uncounted."""
    paused = SourcePaused(PullProblem.PROVIDER_UNAVAILABLE, 30 * SECOND)
    point = Checkpoint.start(NOW).held_up(PullProblem.RATE_LIMITED)

    assert [wait_after(paused, n, 0.0) for n in (0, MAX_FAILURES - 1, 10_000)] == [30 * SECOND] * 3
    assert wait_after(paused, 0, 1.0) == 35 * SECOND
    assert point.held_up(paused.problem, asked=False).failures == point.failures == 1
